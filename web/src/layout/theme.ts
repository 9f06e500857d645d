// Light, dark, or as the system has it.

import { keep, kept } from '../kept';
import { Store } from '../store';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const stored = kept('theme');

export const theme = new Store<Theme>(stored === 'light' || stored === 'dark' ? stored : 'system');

export function chooseTheme(chosen: Theme): void {
  keep('theme', chosen === 'system' ? null : chosen);
  if (chosen === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen;
  theme.set(chosen);
}
