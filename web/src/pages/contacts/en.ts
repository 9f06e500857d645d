import { number, plural } from '../../i18n/format';

const these = (count: number) => plural(count, { one: 'this contact', other: '# contacts' });

const en = {
  title: 'Contacts',
  contactsTab: 'Contacts',
  optOutsTab: 'Opt-out list',

  add: 'New contact',
  importFile: 'Import a file',
  exportCsv: 'Export',

  // Filters and order
  filters: (used: number) => plural(used, { one: 'Filters (# in use)', other: 'Filters (# in use)' }),
  search: 'Name or number',
  category: 'Category',
  anyCategory: 'All categories',
  whatsapp: 'WhatsApp',
  anyWhatsapp: 'On WhatsApp or not',
  whatsappStates: { yes: 'On WhatsApp', no: 'Not on WhatsApp', unknown: 'Not checked' },
  optOutState: 'Opt-out',
  anyOptOut: 'Opted out or not',
  optedOut: 'Opted out',
  notOptedOut: 'Not opted out',
  clearFilters: 'Clear the filters',
  contacts: (count: number) => plural(count, { one: '# contact', other: '# contacts' }),
  order: 'Order',
  orders: { created: 'Newest first', name: 'By name', phone: 'By number' },

  // The list
  name: 'Name',
  phone: 'Number',
  categories: 'Categories',
  added: 'Added',
  actions: 'Actions',
  actionsOf: (who: string) => `Actions for ${who}`,
  noName: 'No name',
  none: 'No contacts yet',
  noneExplained: 'Import a file with your contacts, or add one by hand.',
  noMatch: 'Nobody matches',
  noMatchExplained: 'Try other words, or fewer filters.',

  // Chosen contacts
  chosen: (count: number) => `${number(count)} selected`,
  selectAll: (total: string) => `Select all ${total}`,
  clearSelection: 'Clear the selection',
  addToCategory: 'Add to a category',
  removeFromCategory: 'Remove from a category',
  check: 'Check on WhatsApp',
  optOut: 'Opt out',
  remove: 'Delete',
  edit: 'Edit',

  addToCategoryTitle: (count: number) => `Add ${these(count)} to a category`,
  addToCategoryConfirm: 'Add',
  removeFromCategoryTitle: (count: number) => `Remove ${these(count)} from a category`,
  removeFromCategoryConfirm: 'Remove',
  removeFromCategoryHint: 'The contacts stay; they only leave the category.',
  noCategories: 'There is no category yet.',
  toCategories: 'Create one',

  checkTitle: (count: number) =>
    plural(count, { one: 'Check # number on WhatsApp?', other: 'Check # numbers on WhatsApp?' }),
  checkText:
    'WhatsApp is asked about one number after the other, slowly. Campaigns leave out who is not there.',
  recheck: 'Also numbers that were checked before',
  checkConfirm: 'Start the check',
  checking: (done: number, total: number) =>
    `Checking numbers on WhatsApp: ${number(done)} of ${number(total)}`,
  checkingLabel: 'Progress of the check',
  checkCancel: 'Stop the check',
  checkNotCancelled: 'The check was not stopped',
  checked: (count: number) => plural(count, { one: '# number was checked', other: '# numbers were checked' }),
  checkedDetail: (yes: number, no: number) => `${number(yes)} on WhatsApp, ${number(no)} not.`,

  optOutTitle: (count: number) => `Opt ${these(count)} out?`,
  optOutOneTitle: (who: string) => `Opt ${who} out?`,
  optOutText:
    'No campaign will write to the number again; campaigns under way stop for it at once. It stays on the list even if the contact is deleted.',
  optOutConfirm: 'Opt out',
  reason: 'Reason',
  reasonPlaceholder: 'Asked for it on the phone',
  reasonShort: 'Give a reason of at least 3 characters.',
  optional: '(optional)',

  removeTitle: (count: number) => `Delete ${these(count)}?`,
  removeOneTitle: (who: string) => `Delete ${who}?`,
  removeText:
    'Names, numbers and variables are erased for good. Results of past campaigns stay, without them. Whoever a campaign is writing to now is kept, and opt-outs remain on their list.',
  removeConfirm: (count: number) => plural(count, { one: 'Delete the contact', other: 'Delete # contacts' }),
  refused: (count: number) => plural(count, { one: '# contact was kept', other: '# contacts were kept' }),
  refusedExplained: 'A campaign is writing to them now.',
  changed: {
    add_to_category: (count: number) =>
      plural(count, {
        one: '# contact was added to the category',
        other: '# contacts were added to the category',
      }),
    remove_from_category: (count: number) =>
      plural(count, { one: '# contact left the category', other: '# contacts left the category' }),
    opt_out: (count: number) => plural(count, { one: '# contact opted out', other: '# contacts opted out' }),
    delete: (count: number) =>
      plural(count, { one: '# contact was deleted', other: '# contacts were deleted' }),
  },
  bulkFailed: (count: number) =>
    plural(count, { one: 'Nothing was changed for # contact', other: 'Nothing was changed for # contacts' }),

  // The form
  create: 'Add the contact',
  editTitle: 'Edit the contact',
  save: 'Save',
  phoneHint: 'As you would write it: 06 39 98 00 01, or +44 20 7946 0001.',
  variables: 'Variables',
  variablesHint: 'What a message may say of this contact: {{city}} becomes the value of city.',
  variableName: 'Name',
  value: 'Value',
  variableValue: (name: string) => (name ? `Value of ${name}` : 'Value'),
  removeVariable: (name: string) => (name ? `Remove the variable ${name}` : 'Remove the variable'),
  addVariable: 'Add a variable',
  wrong: {
    noPhone: 'There is no phone number.',
    noVariableName: 'Each variable needs a name.',
    sameVariable: 'Two variables have the same name.',
  },
  showKnown: 'Show that contact',
  phoneTaken: 'Another contact has this number already.',
  inCampaign: 'A campaign is writing to this contact now. Let it end, or cancel it first.',
  notAdded: (who: string) => `${who} was not added`,
  notChanged: (who: string) => `${who} was not changed`,
  notRemoved: (who: string) => `${who} was not deleted`,

  // One contact
  contact: 'Contact',
  showOptOut: 'On the opt-out list',
  fromImport: (line: number) => `from line ${number(line)} of an import`,
  timeline: 'What happened',
  message1: 'Message 1',
  message2: 'Message 2',
  happened: {
    message_sent: 'Sent',
    message_delivered: 'Delivered',
    message_read: 'Read',
    message_failed: 'Failed',
    opted_out: 'Opted out',
    contact_created: 'Contact added',
  },
  interaction: 'Reacted',
  interactions: {
    text: 'Replied',
    emoji: 'Replied with an emoji',
    voice: 'Sent a voice message',
    audio: 'Sent a sound',
    image: 'Sent a picture',
    video: 'Sent a video',
    document: 'Sent a document',
    sticker: 'Sent a sticker',
    location: 'Sent a place',
    contacts: 'Sent a contact',
    poll: 'Sent a poll',
    poll_vote: 'Voted in a poll',
    buttons_response: 'Pressed a button',
    list_response: 'Chose from a list',
    reaction: 'Reacted to a message',
  },

  // The opt-out list
  optOutsAbout: 'Nothing is ever sent to these numbers, whether they are contacts or not.',
  searchOptOut: 'Number',
  addOptOut: 'Add a number',
  addOptOutConfirm: 'Opt the number out',
  since: 'Since',
  noReason: 'No reason given',
  noOptOuts: 'Nobody has opted out',
  noOptOutsExplained: 'Whoever answers STOP appears here, and whom you add by hand.',
  noOptOutMatch: 'This number is not on the list',
  clearSearch: 'Clear the search',
  erased: 'Erased number',
  allowOf: (phone: string) => `Take ${phone} off the list`,
  allowTitle: (phone: string) => `Take ${phone} off the list?`,
  allowText: 'Campaigns may write to this number again. Do this only if its owner has agreed.',
  allowReason: 'How did they agree?',
  allowReasonHint: 'It is kept in the audit log, with your name.',
  allowConfirm: 'Take off the list',
  notSuppressed: (phone: string) => `${phone} was not added to the list`,
  notAllowed: (phone: string) => `${phone} was not taken off the list`,
};

export default en;
