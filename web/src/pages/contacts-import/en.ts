import { plural } from '../../i18n/format';

const en = {
  title: 'Import contacts',
  sub: 'From a CSV file, as any spreadsheet or CRM exports it.',
  toContacts: 'All contacts',
  optional: '(optional)',

  steps: { file: 'File', columns: 'Columns', import: 'Import' },

  // The file
  drop: 'Drop your file here',
  dropHint: 'or choose it from your device',
  choose: 'Choose a file',
  formats:
    'One line per contact, with a column of phone numbers. Commas, semicolons or tabs; UTF-8 or Windows: all are recognised.',
  workbook: 'This is a workbook. Save it as “CSV” in your spreadsheet, then choose that file.',
  tooLarge: 'The file is too large: 512 MB at most.',
  emptyFile: 'The file is empty.',
  badLine: (line: string) => `Line ${line} is no CSV. Export the file anew, or correct that line.`,
  openQuote: 'A quotation mark is opened and never closed: remove it, or close it.',
  otherFile: 'Choose another file',

  // Its columns
  readAs: (delimiter: string, encoding: string, size: string) => `${delimiter} · ${encoding} · ${size}`,
  delimiters: (sign: string) =>
    ({ ',': 'Separated by commas', ';': 'Separated by semicolons', '\t': 'Separated by tabs' })[sign] ??
    `Separated by ${sign}`,
  preview: 'First rows of the file',
  untitled: (place: number) => `Column ${place}`,
  meaningOf: (title: string) => `What ${title} means`,
  meanings: {
    phone: 'Phone number',
    name: 'Full name',
    first_name: 'First name',
    last_name: 'Last name',
    categories: 'Categories',
    opted_out: 'Opt-out (yes or no)',
    variable: 'Variable',
    ignored: 'Leave out',
  },
  noPhoneColumn: 'Say which column holds the phone numbers.',
  twice: (meaning: string) => `Two columns mean the same: ${meaning}. Change one of them.`,

  // What becomes of it
  options: 'Options',
  category: 'Add to the category',
  categoryHint: 'An existing one, or a new name.',
  duplicates: 'Numbers that you have already',
  update: 'Update the contacts',
  skip: 'Leave the contacts as they are',
  duplicatesHints: {
    update: 'New values replace old ones; nothing is emptied.',
    skip: 'They still join the category.',
  },
  country: 'Country of national numbers',
  countryHint: 'For numbers without a country code.',
  start: 'Import',
  sending: (size: string) => `Sending ${size}…`,
  sendingLabel: 'Sending the file',
  started: (name: string) => `${name} is being imported`,
  look: 'Have a look',
  notStarted: (name: string) => `${name} was not imported`,

  // While it runs
  progress: 'Progress of the import',
  waiting: 'Waiting for its turn…',
  rowsRead: (count: number) => plural(count, { one: '# row read', other: '# rows read' }),
  mayLeave: 'You can leave this page: the import goes on.',
  cancel: 'Stop the import',
  cancelTitle: 'Stop the import?',
  cancelText: (count: number) =>
    plural(count, {
      one: 'The rest of the file is not imported. # contact that was imported stays.',
      other: 'The rest of the file is not imported. # contacts that were imported stay.',
    }),

  // What came of it
  noName: 'File without a name',
  done: (count: number) =>
    plural(count, { one: '# contact was imported.', other: '# contacts were imported.' }),
  doneWithRejected: (count: number) =>
    plural(count, {
      one: 'The file was imported, but for # row.',
      other: 'The file was imported, but for # rows.',
    }),
  cancelled: 'The import was stopped. What was imported before stays.',
  failed: 'The file could not be read to its end. What was imported before stays.',
  created: 'New',
  updated: 'Updated',
  skipped: 'Left as they were',
  rejected: 'Rejected',
  optedOut: 'Opted out',
  another: 'Import another file',
  newCampaign: 'Campaign for them',
  showContacts: 'Show the contacts',
  rejectedTitle: (count: number) => plural(count, { one: '# rejected row', other: '# rejected rows' }),
  download: 'Download',
  line: 'Line',
  value: 'Number in the file',
  empty: 'empty',
  reason: 'Reason',

  earlier: 'Earlier imports',
  file: 'File',
  when: 'When',
  state: 'State',
  states: {
    queued: 'Waiting',
    running: 'Under way',
    completed: 'Done',
    cancelled: 'Stopped',
    failed: 'Failed',
  },
};

export default en;
