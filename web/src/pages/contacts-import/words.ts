import { wordsOf } from '../../i18n/words';
import type en from './en';

export type Words = typeof en;

export const useWords = wordsOf<typeof en>('contacts-import');
