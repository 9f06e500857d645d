import { plural } from '../../i18n/format';

const en = {
  title: 'Categories',
  sub: 'The groups of contacts that campaigns write to.',
  add: 'New category',
  list: 'Categories',
  search: 'Search for a category',

  category: 'Category',
  contactsColumn: 'Contacts',
  createdColumn: 'Created',
  actions: 'Actions',
  nobody: 'Nobody yet',
  newCampaign: 'New campaign',
  showContacts: 'Show its contacts',
  actionsOf: (name: string) => `Actions for ${name}`,
  edit: 'Edit',
  remove: 'Delete',

  addTitle: 'New category',
  editTitle: 'Edit the category',
  name: 'Name',
  namePlaceholder: 'Loyal customers',
  nameMissing: 'Give it a name.',
  nameSigns: 'A name may not contain | or ;',
  nameTaken: 'Another category has this name.',
  colour: 'Colour',
  colours: {
    slate: 'Grey',
    red: 'Red',
    orange: 'Orange',
    amber: 'Amber',
    green: 'Green',
    teal: 'Teal',
    blue: 'Blue',
    indigo: 'Indigo',
    purple: 'Purple',
    pink: 'Pink',
    own: 'Its own colour',
  },
  create: 'Create the category',
  save: 'Save',
  notCreated: (name: string) => `The category ${name} was not created`,
  notSaved: (name: string) => `The category ${name} was not changed`,

  removeTitle: (name: string) => `Delete the category ${name}?`,
  removeText: (count: number) =>
    plural(count, {
      one: '# contact is in it. The contact stays; only the category goes.',
      other: '# contacts are in it. The contacts stay; only the category goes.',
    }),
  removeEmptyText: 'Nobody is in it.',
  removeConfirm: 'Delete the category',
  notRemoved: (name: string) => `The category ${name} was not deleted`,
  inUse: (campaigns: string) =>
    `Campaigns that have not ended use it: ${campaigns}. Let them end or cancel them first.`,

  none: 'No category yet',
  noneExplained: 'Categories say to whom a campaign goes: customers, members, a district.',
  noMatch: 'No category has this in its name',
  clear: 'Clear the search',
};

export default en;
