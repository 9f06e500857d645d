// Which step is shown stands in the address: steps are gone back to like pages.

import { navigate } from 'wouter/use-browser-location';
import { useSearchParam } from '../../ui/url-state';
import { STEPS, type StepName } from './form';

/** The step, and whether the address names one. */
export function useStep(): readonly [StepName, boolean] {
  const [named] = useSearchParam('step');
  const step = STEPS.find((each) => each === named);
  return [step ?? 'audience', step !== undefined];
}

export const addressOf = (id: string | null, step: StepName): string =>
  `${id ? `/campaigns/${id}/edit` : '/campaigns/new'}?step=${step}`;

export const hrefOf = (step: StepName): string => `${location.pathname}?step=${step}`;

export const goTo = (step: StepName): void => navigate(hrefOf(step));
