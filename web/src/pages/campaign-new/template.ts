// Message templates as the API reads them: `{{variable}}` and `{{variable|fallback}}`.

export const LONGEST_MESSAGE = 6000;

const PLACEHOLDER = /\{\{([^{}|]*)(?:\|([^{}]*))?\}\}/g;

export type TemplateFault = 'empty' | 'tooLong' | 'notClosed' | 'noVariable';

export function templateFaults(template: string): readonly TemplateFault[] {
  const faults: TemplateFault[] = [];
  if (!template.trim()) faults.push('empty');
  if (lengthOf(template) > LONGEST_MESSAGE) faults.push('tooLong');
  if (/\{\{|\}\}/.test(template.replace(PLACEHOLDER, ''))) faults.push('notClosed');
  if (variablesOf(template).includes('')) faults.push('noVariable');
  return faults;
}

/** In order, each once. */
export const variablesOf = (template: string): readonly string[] => [
  ...new Set([...template.matchAll(PLACEHOLDER)].map(([, name]) => (name ?? '').trim())),
];

/** As the server counts: an emoji is one. */
export const lengthOf = (text: string): number => [...text].length;
