import { number, plural } from '../i18n/format';

/** What every page about campaigns says; each of them has these words among its own. */
const en = {
  message1: 'Message 1',
  message2: 'Message 2',
  people: (count: number) => plural(count, { one: '# person', other: '# people' }),
  senders: (count: number) => plural(count, { one: '# sender', other: '# senders' }),
  reactions: (count: number) => plural(count, { one: '# reaction', other: '# reactions' }),
  failed: (count: number) => plural(count, { one: '# failure', other: '# failures' }),
  progressOf: (name: string) => `Progress of ${name}`,
  finished: 'Done',
  waiting: 'Waiting for a reaction',
  finishedOf: (done: number, total: number) =>
    `${number(done)} of ${plural(total, { one: '# person', other: '# people' })} done`,
  pausedFor: { message_1: 'Message 1 is held back', all: 'Both messages are held back' },
  holds: {
    pace: 'the pace that keeps its senders safe',
    rest: 'the rests of its senders',
    batch_pause: 'the pauses between batches',
    night: 'the night',
    quota: 'the daily quota of its senders',
    warm_up: 'young accounts that may not write much yet',
    unavailable: 'senders that are paused or stopped',
  },
};

export default en;
