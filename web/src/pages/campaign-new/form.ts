// What a person decides about a campaign, under the API's names; and what is still wrong with it.

import type { Schemas } from '../../api/types';
import { templateFaults } from './template';

type Campaign = Schemas['CampaignOut'];

export interface Form {
  readonly name: string;
  readonly everyone: boolean;
  readonly category_ids: readonly string[];
  readonly message_1: string;
  readonly message_2: string;
  readonly sender_ids: readonly string[];
  /** `null`: as the settings say. */
  readonly window_s: number | null;
  readonly grace_s: number | null;
  readonly max_age_s: number | null;
  readonly batch_size: number | null;
  readonly batch_pause_s: number | null;
}

export type FieldName = keyof Form;

const NOTHING: Form = {
  name: '',
  everyone: false,
  category_ids: [],
  message_1: '',
  message_2: '',
  sender_ids: [],
  window_s: null,
  grace_s: null,
  max_age_s: null,
  batch_size: null,
  batch_pause_s: null,
};

const FIELDS = Object.keys(NOTHING) as readonly FieldName[];

export const emptyForm = (given: Partial<Form>): Form => ({ ...NOTHING, ...given });

export const formOf = (campaign: Campaign): Form => pick(campaign, FIELDS);

const pick = (from: Form, names: readonly FieldName[]): Form =>
  Object.fromEntries(names.map((name) => [name, from[name]])) as unknown as Form;

export const STEPS = ['audience', 'messages', 'senders', 'check'] as const;
export type StepName = (typeof STEPS)[number];

type GapKind = 'empty' | 'tooLong' | 'notClosed' | 'noVariable' | 'range';

/** Something without which it cannot be stored. */
export interface Gap {
  readonly field: FieldName;
  readonly kind: GapKind;
}

const LONGEST_NAME = 200;
const DAY_S = 86_400;
/** The lowest value, the highest, and whether the lowest itself is allowed. */
const LIMITS: Partial<Record<FieldName, readonly [number, number, boolean]>> = {
  window_s: [0, 30 * DAY_S, false],
  grace_s: [0, 3600, true],
  max_age_s: [0, 90 * DAY_S, false],
  batch_size: [25, 100, true],
  batch_pause_s: [0, 3600, true],
};

export function gapsOf(form: Form): readonly Gap[] {
  const gaps: Gap[] = [];
  if (!form.name) gaps.push({ field: 'name', kind: 'empty' });
  if (form.name.length > LONGEST_NAME) gaps.push({ field: 'name', kind: 'tooLong' });
  if (!form.everyone && form.category_ids.length === 0) gaps.push({ field: 'category_ids', kind: 'empty' });
  for (const field of ['message_1', 'message_2'] as const)
    gaps.push(...templateFaults(form[field]).map((kind) => ({ field, kind })));
  if (form.sender_ids.length === 0) gaps.push({ field: 'sender_ids', kind: 'empty' });
  for (const [field, [lowest, highest, isAllowed]] of Object.entries(LIMITS)) {
    const value = form[field as FieldName] as number | null;
    if (value === null) continue;
    const isRight = value <= highest && (isAllowed ? value >= lowest : value > lowest);
    if (!isRight) gaps.push({ field: field as FieldName, kind: 'range' });
  }
  return gaps;
}

const STEP_OF: Partial<Record<FieldName, StepName>> = {
  name: 'audience',
  everyone: 'audience',
  category_ids: 'audience',
  message_1: 'messages',
  message_2: 'messages',
};

export const stepOf = (field: FieldName): StepName => STEP_OF[field] ?? 'senders';

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** With everyone, the categories that were chosen before wait to be chosen again, and say nothing. */
const asSent = (form: Form): Form => (form.everyone ? { ...form, category_ids: [] } : form);

/** Fields that were sent, and perhaps stored: nobody answered. Changed back, they have to be sent again. */
export type Unsure = readonly FieldName[];

/** The fields that a person has changed, or of which it is not known what the server has. */
export function changedFields(form: Form, base: Form, unsure: Unsure = []): readonly FieldName[] {
  const [one, other] = [asSent(form), asSent(base)];
  return FIELDS.filter((name) => !same(one[name], other[name]) || unsure.includes(name));
}

const WHOM: readonly FieldName[] = ['everyone', 'category_ids'];

/** What of it can be stored now. Whom to reach is said by two fields, which have to fit each other. */
export function storable(form: Form, base: Form, unsure: Unsure = []): Partial<Form> {
  const wrong = new Set(gapsOf(form).map(({ field }) => field));
  const changed = changedFields(form, base, unsure).filter((name) => !wrong.has(name));
  const others = changed.filter((name) => !WHOM.includes(name));
  const isWhom = !wrong.has('category_ids') && changed.some((name) => WHOM.includes(name));
  return pick(asSent(form), [...others, ...(isWhom ? WHOM : [])]);
}

/** The whole of it. */
export const whole = (form: Form): Form => pick(asSent(form), FIELDS);

/**
 * The form after the server has answered: what it stored stands as it stored it, what was typed meanwhile, or could
 * not be sent, stays as it is.
 */
export function rebased(now: Form, sent: Form, left: Partial<Form>, answer: Form): Form {
  const kept = FIELDS.filter((name) => !same(now[name], sent[name]) || name in left);
  const categories: readonly FieldName[] = now.everyone ? ['category_ids'] : [];
  return { ...answer, ...pick(now, [...kept, ...categories]) };
}

/** What was typed here over what the server has by now. */
export const restored = (
  server: Form,
  { form, base, unsure }: { form: Form; base: Form; unsure?: Unsure | undefined },
): Form => ({ ...server, ...pick(form, changedFields(form, base, unsure)) });

/** An audience as the API asks for it. */
export const audienceOf = ({ everyone, category_ids }: Pick<Form, 'everyone' | 'category_ids'>) => ({
  everyone,
  category_ids: everyone ? [] : category_ids,
});
