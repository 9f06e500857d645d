import shared from '../../campaigns/en';

const en = {
  ...shared,
  title: 'Campaigns',
  newCampaign: 'New campaign',
  search: 'Search by name',
  status: 'Status',
  tabs: {
    all: 'All',
    draft: 'Drafts',
    scheduled: 'Scheduled',
    running: 'Running',
    paused: 'Paused',
    ended: 'Ended',
  },
  list: 'Campaigns',

  made: (when: string) => `Made ${when}`,
  starts: (when: string) => `Starts ${when}`,
  started: (when: string) => `Started ${when}`,
  ended: (when: string) => `Ended ${when}`,
  notStarted: 'It did not start at its time',

  next: {
    draft: 'Check and start',
    scheduled: 'See the plan',
    running: 'View',
    paused: 'Resume',
    ended: 'Results',
  },
  actions: (name: string) => `More about ${name}`,
  open: 'Open',
  edit: 'Edit',
  duplicate: 'Duplicate',
  delete: 'Delete the draft',
  resumeNotDone: 'The campaign was not resumed',
  duplicateName: (name: string) => `Copy of ${name}`,
  duplicated: 'There is a copy, as a draft',
  editCopy: 'Edit the copy',
  notDuplicated: 'The campaign was not duplicated',
  deleteTitle: 'Delete this draft?',
  deleteExplained: (name: string) =>
    `“${name}” is deleted for good, with both its messages. Nobody has been written to, and no contact is deleted.`,
  notDeleted: 'The draft was not deleted',

  begun: 'You have begun a campaign that is kept in this browser alone.',
  goOn: 'Go on with it',

  none: 'No campaign yet',
  noneExplained: 'Two messages, the people to reach, and a pace that keeps your numbers safe: a few minutes.',
  noneSuch: 'No campaign is like that',
  noneSuchExplained: 'Search for something else, or look at all campaigns.',
  showAll: 'Show all',
};

export default en;
