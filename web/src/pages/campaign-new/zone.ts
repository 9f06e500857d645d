// Dates as somebody types them, in the time zone of this browser.

export const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

const two = (value: number): string => String(value).padStart(2, '0');

/** As an input of a date and a time has it. */
export const typed = (moment: Date): string =>
  `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}T${two(moment.getHours())}:${two(moment.getMinutes())}`;

const MOST_DAYS = 366;

/** The moment that was typed; `null` if it is none, or none at which a campaign may start. */
export function startOf(text: string, now = new Date()): Date | null {
  const moment = new Date(text);
  const latest = now.getTime() + MOST_DAYS * 86_400_000;
  return moment > now && moment.getTime() <= latest ? moment : null;
}

const MORNING = 9;

/** What is proposed: tomorrow morning. */
export function tomorrow(now = new Date()): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, MORNING);
}
