import { wordsOf } from '../../i18n/words';
import type en from './en';

export const useWords = wordsOf<typeof en>('messages');
export type MessageWords = typeof en;
