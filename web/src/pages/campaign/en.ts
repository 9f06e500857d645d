import { duration, list, number, percent, plural } from '../../i18n/format';

const contacts = (count: number) => plural(count, { one: '# contact', other: '# contacts' });

const en = {
  title: 'Campaign',
  toList: 'All campaigns',
  tabs: { overview: 'Overview', contacts: 'Contacts', senders: 'Senders' },
  parts: 'Parts of the campaign',
  startedAt: (at: string) => `Started ${at}`,
  startsAt: (at: string) => `Starts ${at}`,
  closedAt: (at: string) => `Ended ${at}`,

  // What can be done
  pause: 'Pause',
  resume: 'Resume',
  more: 'More',
  changePause: 'Change what is paused',
  rename: 'Rename',
  duplicate: 'Duplicate',
  sendTest: 'Send a test',
  results: 'Download the results (CSV)',
  toMessages: 'Its messages',
  workflow: 'Open in Temporal',
  cancel: 'Cancel the campaign',
  startNow: 'Start now',
  move: 'Move',
  unschedule: 'Back to draft',
  edit: 'Change it',

  pauseTitle: 'Pause the campaign?',
  pauseWhat: 'What is paused',
  pauseFirst: 'Message 1 only',
  pauseAll: 'Everything',
  pauseFirstExplained: 'Whoever has got Message 1 and reacts still gets Message 2.',
  pauseAllExplained:
    'Message 2 waits as well. Whoever reacts gets it once you resume, if there is still time for it.',
  notContacted: (count: number) => `${contacts(count)} will not get Message 1 until you resume.`,
  stillFollowedUp: (count: number) =>
    plural(count, {
      one: '# contact may still react and get Message 2.',
      other: '# contacts may still react and get Message 2.',
    }),
  notFollowedUp: (count: number) =>
    plural(count, {
      one: '# contact who may still react waits for Message 2.',
      other: '# contacts who may still react wait for Message 2.',
    }),
  pauseTime: (at: string) => `Time goes on meanwhile: the campaign ends on ${at} at the latest.`,
  notPaused: 'The campaign was not paused',
  notResumed: 'The campaign was not resumed',
  pausedFirst: 'Message 1 is paused. Whoever reacts still gets Message 2.',
  pausedAll: 'Everything is paused: neither Message 1 nor Message 2 leaves.',
  pausedCount: (count: number) => `${contacts(count)} still to write to.`,

  cancelTitle: 'Cancel the campaign for good?',
  cancelPending: (count: number) => `${contacts(count)} will not get Message 1.`,
  cancelWaiting: (count: number) =>
    plural(count, {
      one: '# contact who got Message 1 will get no Message 2, even after a reaction.',
      other: '# contacts who got Message 1 will get no Message 2, even after a reaction.',
    }),
  cancelKept: (count: number) =>
    plural(count, {
      one: 'What was sent so far, # message, stays in the results.',
      other: 'What was sent so far, # messages, stays in the results.',
    }),
  cancelForGood: 'This cannot be undone.',
  cancelScheduled: 'It will not start, and nobody gets anything. You can duplicate it later.',
  cancelling: 'The campaign is being cancelled',

  renameTitle: 'Rename the campaign',
  name: 'Name',
  save: 'Save',
  notRenamed: 'The name was not saved',
  copyOf: (name: string) => `Copy of ${name}`,
  copied: 'A copy was made, as a draft',
  notCopied: 'The campaign was not duplicated',

  scheduled: 'Waiting for its start',
  startsIn: (wait: string) => `Starts in ${wait}`,
  startsSoon: 'Starts at any moment',
  startNowTitle: 'Start the campaign now?',
  startNowExplained: (count: number) =>
    `${contacts(count)} will get Message 1 from now on, instead of at the planned time.`,
  unscheduleTitle: 'Make it a draft again?',
  unscheduleExplained: 'It will not start by itself any more. Everything you have set stays.',
  notYet: 'Nothing was sent yet. What will happen is shown here once it has started.',

  messageStates: {
    pending: 'On its way',
    accepted: 'Accepted',
    sent: 'Sent',
    delivered: 'Delivered',
    read: 'Read',
    failed: 'Failed',
    cancelled: 'Not sent',
    refused: 'Refused',
  },

  // The funnel
  funnel: 'How far it has got',
  steps: {
    contacts: 'Contacts',
    sent: 'Message 1 sent',
    delivered: 'Delivered',
    read: 'Read',
    reacted: 'Reacted',
    followedUp: 'Followed up',
  },
  rates: {
    sent: (rate: number) => `${percent(rate, 1)} of the contacts`,
    delivered: (rate: number) => `${percent(rate, 1)} of those sent`,
    read: (rate: number) => `${percent(rate, 1)} of those sent`,
    reacted: (rate: number) => `${percent(rate, 1)} of those sent`,
    followedUp: (rate: number) => `${percent(rate, 1)} of those who reacted`,
  },
  failures: (count: number) => plural(count, { one: '# message failed', other: '# messages failed' }),

  states: 'Where the contacts are',
  state: {
    pending: 'To contact',
    message_1_sent: 'Waiting for a reaction',
    message_2_sent: 'Followed up',
    no_interaction: 'No reaction',
    late_interaction: 'Reacted too late',
    failed: 'Failed',
    opted_out: 'Opted out',
    cancelled: 'Cancelled',
    expired: 'Out of time',
  },

  // Time
  time: 'Time',
  timeLeft: 'Time left, about',
  doneSoon: 'Any moment now',
  unknownEnd: 'Not foreseeable',
  whilePaused: 'As long as it is paused',
  progress: (done: number, total: number) =>
    `${number(done)} of ${plural(total, { one: '# contact', other: '# contacts' })} done`,
  lastMessage1: 'Last Message 1',
  done: 'Done',
  endsBy: 'Ends at the latest',
  tooLong: (count: number) =>
    `It will not be done in time: some of the ${contacts(count)} left will not be written to. Another sender would help.`,
  heldUp: 'What takes the time',
  holds: {
    pace: 'The pace that protects the numbers',
    rest: 'Rests after many messages',
    batch_pause: 'Pauses between batches',
    night: 'Nights',
    quota: 'The quota of 24 hours',
    warm_up: 'Warming up of young numbers',
    unavailable: 'A sender that is paused or stopped',
  },
  estimatedAt: (ago: string) => `Estimated ${ago}`,

  daily: 'Day by day',
  message1: 'Message 1',
  message2: 'Message 2',
  planned: 'Planned',
  reactions: 'Reactions',
  reads: 'Read',
  noDays: 'Nothing was sent yet',

  replyTimes: 'How soon they reacted',
  replyTime: {
    under_1_min: 'Within a minute',
    under_5_min: '1 to 5 minutes',
    under_30_min: '5 to 30 minutes',
    under_1_h: '30 minutes to an hour',
    under_6_h: '1 to 6 hours',
    under_24_h: '6 to 24 hours',
    later: 'Later',
  },
  noReplies: 'Nobody has reacted yet',

  texts: 'What is sent',
  window: 'To react, contacts have',
  maxAge: 'Longest duration',
  batchSize: 'Contacts in a batch',
  audience: 'Audience',
  everyone: 'All contacts',
  categories: (count: number) => plural(count, { one: '# category', other: '# categories' }),
  senderCount: (count: number) => plural(count, { one: '# sender', other: '# senders' }),

  // The report
  report: 'Report',
  reasons: {
    all_final: 'It ended because everything was done for every contact.',
    max_age: 'It ended because its longest duration was reached.',
    cancelled: 'It was cancelled.',
  },
  neverStarted: 'It was cancelled before its start: nobody got anything.',
  reachedText: (sent: number, total: number) =>
    `${number(sent)} of ${plural(total, { one: '# contact', other: '# contacts' })} got Message 1.`,
  reactedText: (reacted: number, rate: number) =>
    `${number(reacted)} reacted (${percent(rate, 1)} of those who got it).`,
  followedText: (count: number) => `${number(count)} reacted in time and got Message 2.`,
  silentText: (silent: number, late: number) =>
    `${number(silent)} did not react, ${number(late)} reacted too late.`,
  troubleText: (failed: number, optedOut: number) =>
    `${plural(failed, { one: '# contact', other: '# contacts' })} could not be reached, ${number(optedOut)} opted out.`,
  untouchedText: (count: number) =>
    plural(count, {
      one: '# contact was left out when it ended.',
      other: '# contacts were left out when it ended.',
    }),
  took: (seconds: number) => `It took ${duration(seconds)}.`,
  resultsFile: 'Results as CSV',

  // Contacts
  search: 'Name or number',
  stateFilter: 'State',
  anyState: (count: number) => `All states (${number(count)})`,
  stateCount: (state: string, count: number) => `${state} (${number(count)})`,
  columns: {
    contact: 'Contact',
    phone: 'Number',
    state: 'State',
    message1: 'Message 1',
    message2: 'Message 2',
    reaction: 'Last reaction',
  },
  nobody: 'Nobody fits',
  nobodyExplained: 'Search for something else, or choose another state.',
  noContacts: 'No contacts yet',
  noContactsExplained: 'Who belongs to the campaign is settled at the moment it starts.',
  erased: 'Erased contact',
  unnamed: 'No name',
  allStates: 'Show all',

  timeline: 'What happened',
  kinds: {
    message_sent: (message: string) => `${message} was sent`,
    message_delivered: (message: string) => `${message} was delivered`,
    message_read: (message: string) => `${message} was read`,
    message_failed: (message: string) => `${message} failed`,
    interaction: (kind: string) => `Reaction: ${kind}`,
    state: (state: string) => `Now: ${state}`,
  },
  interactions: {
    text: 'text',
    emoji: 'emoji',
    voice: 'voice message',
    audio: 'audio',
    image: 'picture',
    video: 'video',
    document: 'document',
    sticker: 'sticker',
    location: 'location',
    contacts: 'contact card',
    poll: 'poll',
    poll_vote: 'vote',
    buttons_response: 'button',
    list_response: 'choice in a list',
    reaction: 'emoji on the message',
    other: 'something else',
  },
  nothingYet: 'Nothing has happened yet',
  attempts: 'Attempts',
  messagesOf: 'All messages to this contact',

  // Senders and pace
  lanes: 'Senders',
  noLanes: 'The contacts are shared out among the senders when it starts.',
  laneProgress: (name: string) => `Progress of ${name}`,
  laneContacts: (started: number, total: number) => `${number(started)} of ${contacts(total)} begun`,
  laneBatches: (started: number, total: number) => `batch ${number(started)} of ${number(total)}`,
  nextAt: (at: string) => `next Message 1 at ${at}`,
  changes: 'How the pace changed',
  noChanges: 'The pace has not changed yet',
  errorRate: (rate: number) => `${percent(rate, 1)} of messages failed`,
  batches: 'Batches',
  noBatches: 'No batch has started yet',
  batchColumns: {
    batch: 'Batch',
    sender: 'Sender',
    started: 'Started',
    progress: 'Progress',
  },
  batchParts: { final: 'done', waiting: 'waiting' },
  batchText: (final: number, waiting: number, pending: number) =>
    list([
      `${number(final)} done`,
      ...(waiting > 0 ? [`${number(waiting)} waiting`] : []),
      ...(pending > 0 ? [`${number(pending)} to contact`] : []),
    ]),
};

export default en;
