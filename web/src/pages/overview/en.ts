import { number, percent, plural } from '../../i18n/format';

const en = {
  title: 'Overview',
  newCampaign: 'New campaign',

  today: 'Today',
  todayNote: 'Days change at midnight in UTC.',
  sent: 'Sent',
  sentNote: (followUps: number) => plural(followUps, { one: '# follow-up', other: '# follow-ups' }),
  delivered: 'Delivered',
  read: 'Read',
  interactions: 'Reactions',
  failures: 'Failed',
  ofSent: (rate: number) => `${percent(rate)} of sent`,

  quota: 'Quota of 24 hours',
  quotaLeft: 'messages left',
  quotaUsed: (sent: number, quota: number) => `${number(sent)} of ${number(quota)} sent`,
  quotaUnknown: 'Not known yet',
  capacity: (contacts: number) =>
    plural(contacts, { one: 'Room for # more contact now', other: 'Room for # more contacts now' }),
  noSenders: 'No sender yet',
  noSendersExplained: 'A sender is a WhatsApp number from which campaigns are sent.',
  addSender: 'Add a sender',

  running: 'Under way',
  noneRunning: 'No campaign is under way',
  noneRunningExplained: 'What runs is shown here, live.',
  progress: (name: string) => `Progress of ${name}`,
  done: 'Done',
  waiting: 'Waiting for a reaction',
  toContact: 'To contact',
  starts: (when: string) => `Starts ${when}`,
  contacted: (count: number, total: number) =>
    `${number(count)} of ${plural(total, { one: '# contact', other: '# contacts' })} written to`,
  reacted: (count: number) => plural(count, { one: '# reaction', other: '# reactions' }),
  followedUp: (count: number) => plural(count, { one: '# follow-up', other: '# follow-ups' }),

  chart: 'Messages by day',
  span: 'Span',
  days: (count: number) => `${count} days`,
  nothingSent: 'Nothing was sent in these days',
  message1: 'Message 1',
  message2: 'Message 2',

  attention: 'Needs attention',
  noWorker: 'No worker is running: nothing is sent',
  componentDown: (name: string) => `No sign of life from ${name}`,
  quotaHigh: (name: string, share: number) => `${name} has used ${percent(share)} of its quota`,
  upkeepFindings: 'The hourly upkeep found something that was left behind',
  installationHeld: 'This installation was restored: nothing leaves until somebody confirms it',
  webhookSilence: 'Messages leave, but no webhook arrives any more: replies may be missed',
  senderStopped: (name: string) => `${name} is stopped`,
  senderErrors: (name: string, rate: number) => `${percent(rate)} of the latest messages of ${name} failed`,
  senderPaused: (name: string) => `${name} is paused`,
  campaignNotStarted: (name: string) => `${name} did not start`,
  campaignPaused: (name: string) => `${name} is paused`,
  failedToday: (count: number) =>
    plural(count, { one: '# message failed today', other: '# messages failed today' }),
  look: 'Have a look',

  firstRun: 'Three steps to your first campaign',
  firstRunExplained: 'Everything can be tried in the sandbox: nobody gets a real message.',
  steps: {
    sender: {
      title: 'Add a sender',
      text: 'The WhatsApp number that your contacts will hear from.',
      action: 'Add a sender',
    },
    contacts: {
      title: 'Import contacts',
      text: 'A CSV file with phone numbers, and names if you have them.',
      action: 'Import contacts',
    },
    campaign: {
      title: 'Start a campaign',
      text: 'Write two messages, check the estimate, press start.',
      action: 'Create a campaign',
    },
  },
  stepDone: 'Done',
};

export default en;
