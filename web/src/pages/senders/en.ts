import { number, percent, plural } from '../../i18n/format';

const en = {
  title: 'Senders',
  sub: 'The WhatsApp numbers that your contacts hear from.',
  add: 'Add a sender',
  empty: 'No sender yet',
  emptyExplained:
    'A sender is a WhatsApp number that is linked at the gateway. Campaigns are sent from one or several of them.',
  list: 'Senders',

  // A card
  actions: (name: string) => `More for ${name}`,
  details: 'Details and history',
  edit: 'Edit',
  settings: 'Its settings',
  remove: 'Remove',
  pause: 'Pause',
  resume: 'Resume',
  quota: 'Quota of 24 hours',
  quotaOf: (name: string) => `Quota of ${name}`,
  quotaUsed: (sent: number, quota: number) => `${number(sent)} of ${number(quota)} sent`,
  quotaLeft: (left: number) => `${number(left)} left`,
  quotaUnknown: 'Known once its first campaign runs',
  kept: (count: number) => plural(count, { one: '# kept for a reply', other: '# kept for replies' }),
  errors: 'Recent errors',
  campaigns: 'Open campaigns',
  next: 'Next message',
  goesOn: (moment: string) => `It goes on by itself at ${moment}.`,
  notYet: 'Its pace is worked out when its first campaign runs.',
  pausedMessage1: 'Paused: no Message 1 leaves. Whoever reacts still gets Message 2.',
  pausedAll: 'Paused: nothing leaves, Message 2 neither.',
  stopped: (reason: string) => `Stopped to protect the account: ${reason}`,
  saving: 'Saving…',

  reasons: {
    every: (time: string) => `a message every ${time} on average`,
    perSecond: (count: string) => `${count} messages per second`,
    careful: (pace: string) => `Careful profile: ${pace}.`,
    standard: (pace: string) => `Standard profile: ${pace}.`,
    fixed: (pace: string) => `Fixed pace: ${pace}.`,
    slower: (before: string, longer: string) =>
      `${before} Messages have failed lately, so the pause between two is ${longer} longer.`,
    pausedByPerson: 'Paused by a person.',
    campaignsPaused: 'All its campaigns are paused.',
    gatewayBreak: 'The gateway asked for a break.',
    rest: 'A rest after many messages in a row, as a person would take one.',
    night: 'Careful senders do not write at night.',
    quota: (sent: number, quota: number) =>
      `${number(sent)} of ${number(quota)} messages of 24 hours are sent.`,
    quotaKept: (sent: number, quota: number, kept: number) =>
      `${number(sent)} of ${number(quota)} messages of 24 hours are sent; ${plural(kept, { one: 'room for # reply is kept', other: 'room for # replies is kept' })}.`,
    failedInARow: (count: number) => `${number(count)} messages failed in a row.`,
    failedInTenMinutes: (count: number) => `${number(count)} messages failed within ten minutes.`,
    session: (state: string) => `WhatsApp said that its session is ${state}.`,
    sessions: {
      authorize: 'no longer linked: its QR code has to be scanned',
      error: 'broken',
      conflict: 'open elsewhere',
      blocked: 'blocked',
    },
  },

  // At the gateway
  gateway: 'At the gateway',
  health: {
    ready: 'Connected to WhatsApp, ready to send',
    scan: 'QR code to scan',
    otherNumber: 'Another number is linked',
    elsewhere: 'WhatsApp Web is open elsewhere',
    device: 'The device cannot send',
    offline: 'The phone is not connected',
    away: 'The gateway does not answer',
  },
  healthShort: {
    ready: 'Connected',
    scan: 'QR code to scan',
    otherNumber: 'Another number',
    elsewhere: 'Open elsewhere',
    device: 'Cannot send',
    offline: 'Not connected',
    away: 'No answer',
  },
  healthTodo: {
    scan: 'Open this device at the gateway. On the phone, open WhatsApp > Linked devices > Link a device, and scan the code.',
    otherNumber: 'Link the right phone at the gateway, or add the other number as a sender of its own.',
    elsewhere: 'Close WhatsApp Web where it is open with this account, then resume the sender.',
    device: 'Look at the device at the gateway: is it paid for, enabled, not banned?',
    offline: 'Make sure that the phone is on, connected to the internet, and that WhatsApp opens on it.',
    away: 'Relance asks again by itself. Messages that could not leave wait.',
  },
  otherPhone: (phone: string) => `Linked: ${phone}`,
  checking: 'Asking the gateway…',
  checkAgain: 'Check again',

  // Adding and editing
  editing: (name: string) => `Edit ${name}`,
  save: 'Save',
  addIt: 'Add this sender',
  cancel: 'Cancel',
  sandbox: 'This is the sandbox: nobody gets a real message.',
  number: 'WhatsApp number',
  device: {
    ready: 'Ready',
    scan: 'QR code to scan',
    offline: 'Not connected',
    used: 'Is a sender already',
    noPhone: 'No phone linked yet',
  },
  byHand: 'Enter a number by hand',
  fromList: 'Choose from the gateway instead',
  noneFree: 'Every number at the gateway is a sender already. Link another one there, then look again.',
  noDevices: 'No number is linked at the gateway yet. Link one there, then look again.',
  lookAgain: 'Look again',
  gatewayAway: 'The numbers at the gateway cannot be listed now. You can enter one by hand.',
  deviceId: 'Device at the gateway',
  deviceIdHint: '24 digits and letters from a to f. In the gateway’s console: Devices, then “Device ID”.',
  deviceIdWrong: 'A device id has 24 characters: digits, and letters from a to f.',
  deviceTaken: (name: string) => `This device is the sender ${name} already.`,
  phone: 'Phone number',
  phoneHint: 'With its country code, such as +33 6 39 98 00 01.',
  phoneWrong: 'Write the number with a plus sign and its country code.',
  name: 'Name',
  nameHint: 'For you and your colleagues; contacts do not see it.',
  nameMissing: 'Give it a name.',
  trust: 'Maturity of the account',
  trustHint:
    'Young accounts start with 20 messages a day and a careful pace, so that WhatsApp does not block them.',
  maturities: {
    auto: 'Automatic, by its age and history',
    young: 'Young: careful pace, warm-up',
    established: 'Established: standard pace',
    mature: 'Mature: the fastest safe pace',
  },
  maturityNames: { young: 'Young', established: 'Established', mature: 'Mature' },
  since: 'In use since',
  sinceHint:
    'When this WhatsApp account was opened, if you know. An old account need not be warmed up as long.',
  optional: '(optional)',
  pace: 'Pace',
  paces: { auto: 'Safe: as its maturity allows', fixed: 'Fixed: for trying things out' },
  paceHint: 'A fixed pace leaves out profile, warm-up, nights and rests. With a real number, it risks a ban.',
  rate: 'Messages per second',
  rateWrong: 'A number above 0, at most 1,000.',
  notAdded: 'The sender was not added',
  notSaved: 'The changes were not saved',
  added: (name: string) => `${name} is a sender now`,
  nextStep: 'Import contacts',

  // Pausing, resuming, removing
  pauseTitle: (name: string) => `Pause ${name}`,
  pauseExplained: (campaigns: number) =>
    plural(campaigns, {
      one: '# campaign that has not ended uses this sender. Its clock goes on: a pause makes no window longer.',
      other:
        '# campaigns that have not ended use this sender. Their clock goes on: a pause makes no window longer.',
    }),
  scope: 'What to stop',
  scopes: {
    message_1: {
      label: 'New contacts only',
      hint: 'No Message 1 leaves. Whoever reacts still gets Message 2.',
    },
    all: {
      label: 'Everything',
      hint: 'Message 2 waits too, and is lost for those whose window ends meanwhile.',
    },
  },
  notPaused: 'The sender was not paused',
  notResumed: 'The sender was not resumed',
  resumeTitle: (name: string) => `Resume ${name}`,
  resumeStopped: (reason: string) =>
    `Relance stopped this sender: ${reason} Make sure that its WhatsApp account works and is not restricted. If it is, every further message makes things worse.`,
  resumeConfirm: 'It works: resume',
  removeTitle: (name: string) => `Remove ${name}?`,
  removeFree:
    'It disappears from this list and can no longer be chosen for campaigns. Messages that it has sent stay where they are; if you add its device again, it comes back with its history.',
  removeUsed: (campaigns: number) =>
    plural(campaigns, {
      one: '# campaign that has not ended uses this sender. End it, or choose another sender for it first.',
      other:
        '# campaigns that have not ended use this sender. End them, or choose another sender for them first.',
    }),
  toCampaigns: 'To the campaigns',
  removeConfirm: 'Remove the sender',
  notRemoved: 'The sender was not removed',

  // Details
  now: 'Now',
  facts: {
    profile: 'Profile',
    maturity: 'Maturity',
    delay: 'Between two messages',
    factor: 'Longer because of errors',
    errors: 'Errors of the latest messages',
    kept: 'Kept for replies',
    next: 'Next Message 1',
    device: 'Device at the gateway',
    since: 'In use since',
  },
  profiles: { standard: 'Standard', careful: 'Careful', fixed: 'Fixed pace' },
  byPerson: 'set by a person',
  none: 'none',
  delivery: 'Delivery in the last 24 hours',
  toSent: 'From the gateway to WhatsApp',
  toDelivered: 'From WhatsApp to the phone',
  typical: (median: string, slow: string) => `${median}, 1 in 20 over ${slow}`,
  noDelivery: 'Nothing was delivered in the last 24 hours.',
  history: 'How its pace changed',
  noHistory: 'It has not changed yet.',
  change: (quota: number, rate: number) => `Quota ${number(quota)}, errors ${percent(rate, 1)}`,
};

export default en;
