import { wordsOf } from '../../i18n/words';
import type en from './en';

export const useWords = wordsOf<typeof en>('contacts');
