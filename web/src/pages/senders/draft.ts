// What somebody types into the form of a sender, and what is made of it.

import { ApiProblem } from '../../api/problem';
import type { Schemas } from '../../api/types';
import type { Sender } from './sender';
import type { Words } from './words';

export interface Draft {
  readonly provider: Schemas['Provider'];
  readonly device: string;
  readonly phone: string;
  readonly name: string;
  /** '' is automatic. */
  readonly maturity: string;
  readonly since: string;
  readonly pace: string;
  readonly rate: string;
  /** The approved template of Message 1, with Meta. */
  readonly template: string;
  readonly language: string;
}

export type Problems = Partial<Record<keyof Draft, string>>;
export type Gateway = Schemas['GatewayOut'];

const TRIAL_RATE = '2';

/** In the sandbox nothing can happen to a number: it starts at a pace at which something is seen. */
export const emptyDraft = (simulated: boolean): Draft => ({
  provider: 'wassenger',
  device: '',
  phone: '',
  name: '',
  maturity: '',
  since: '',
  pace: simulated ? 'fixed' : 'auto',
  rate: TRIAL_RATE,
  template: '',
  language: '',
});

export const draftOf = (sender: Schemas['Sender']): Draft => ({
  provider: sender.provider as Schemas['Provider'],
  device: sender.device_id,
  phone: sender.phone,
  name: sender.name,
  maturity: sender.maturity ?? '',
  since: sender.account_since,
  pace: sender.message_1_rate_per_s === null ? 'auto' : 'fixed',
  rate: String(sender.message_1_rate_per_s ?? TRIAL_RATE),
  template: sender.template_name ?? '',
  language: sender.template_language ?? '',
});

const LONGEST_RATE = 1000;

const rateOf = ({ pace, rate }: Draft): number | null =>
  pace === 'fixed' ? Number(rate.replace(',', '.')) : null;

const bare = (phone: string): string => phone.replace(/[\s().-]/g, '');

const ACCOUNT_IDS = { wassenger: /^[0-9a-f]{24}$/, meta: /^[0-9]{5,20}$/ } as const;

export function problemsOf(draft: Draft, t: Words, others: readonly Sender[]): Problems {
  const problems: Problems = {};
  const rate = rateOf(draft);
  const taken = others.find(({ device_id: device }) => device === draft.device.trim());
  const isMeta = draft.provider === 'meta';
  if (!ACCOUNT_IDS[draft.provider].test(draft.device.trim()))
    problems.device = isMeta ? t.numberIdWrong : t.deviceIdWrong;
  else if (taken) problems.device = t.deviceTaken(taken.name);
  if (!/^\+\d{6,15}$/.test(bare(draft.phone))) problems.phone = t.phoneWrong;
  if (isMeta && !/^[a-z0-9_]{1,512}$/.test(draft.template.trim())) problems.template = t.templateWrong;
  if (isMeta && !/^[a-z]{2,3}(_[A-Z]{2})?$/.test(draft.language.trim())) problems.language = t.languageWrong;
  if (!draft.name.trim()) problems.name = t.nameMissing;
  if (rate !== null && !(rate > 0 && rate <= LONGEST_RATE)) problems.rate = t.rateWrong;
  return problems;
}

const FIELDS: Readonly<Record<string, keyof Draft>> = {
  name: 'name',
  phone: 'phone',
  device_id: 'device',
  maturity: 'maturity',
  account_since: 'since',
  message_1_rate_per_s: 'rate',
  template_name: 'template',
  template_language: 'language',
};

/** What the API has against it, by field. */
export function refusalOf(error: unknown): Problems {
  if (!(error instanceof ApiProblem)) return {};
  const named = error.fields.flatMap(({ field, reason }) => (FIELDS[field] ? [[FIELDS[field], reason]] : []));
  return Object.fromEntries(named);
}

type Change = Required<Pick<Schemas['SenderIn'], 'name' | 'maturity' | 'message_1_rate_per_s'>>;
type Template = { template_name: string; template_language: string };

export const changeOf = (draft: Draft): Change & { account_since?: string } & Partial<Template> => ({
  name: draft.name.trim(),
  maturity: (draft.maturity || null) as Schemas['Maturity'] | null,
  message_1_rate_per_s: rateOf(draft),
  ...(draft.since ? { account_since: draft.since } : {}),
  ...(draft.provider === 'meta'
    ? { template_name: draft.template.trim(), template_language: draft.language.trim() }
    : {}),
});

export const newSenderOf = (draft: Draft): Schemas['SenderIn'] => ({
  ...changeOf(draft),
  provider: draft.provider,
  device_id: draft.device.trim(),
  phone: bare(draft.phone),
});

const NOT_YET = 'new-';

/** Whether the server has still to hear of it: until then nothing can be asked of it. */
export const isOnItsWay = ({ id }: Sender): boolean => id.startsWith(NOT_YET);

/** As the list will have it, until the server has said so. */
export const shownAtOnce = (draft: Draft): Sender => ({
  id: NOT_YET + crypto.randomUUID(),
  name: draft.name.trim(),
  phone: bare(draft.phone),
  provider: draft.provider,
  device_id: draft.device.trim(),
  template_name: draft.template.trim() || null,
  template_language: draft.language.trim() || null,
  status: 'active',
  status_reason: null,
  pause_scope: null,
  held_until: null,
  state: 'new',
  reason: null,
  opens_at: null,
  profile: draft.pace === 'fixed' ? 'fixed' : 'standard',
  maturity: draft.maturity || 'young',
  delay_s: null,
  error_rate: 0,
  quota: null,
  sent_in_a_day: 0,
  kept_for_replies: 0,
  next_message_1_at: null,
  open_campaigns: 0,
});
