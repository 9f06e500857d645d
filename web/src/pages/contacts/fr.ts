import { number, plural } from '../../i18n/format';
import { french } from '../../i18n/french';
import type en from './en';

const these = (count: number) => plural(count, { one: 'ce contact', other: '# contacts' });

const fr: typeof en = french({
  title: 'Contacts',
  contactsTab: 'Contacts',
  optOutsTab: 'Liste des désinscrits',

  add: 'Nouveau contact',
  importFile: 'Importer un fichier',
  exportCsv: 'Exporter',

  // Filters and order
  filters: (used: number) => plural(used, { one: 'Filtres (# actif)', other: 'Filtres (# actifs)' }),
  search: 'Nom ou numéro',
  category: 'Catégorie',
  anyCategory: 'Toutes les catégories',
  whatsapp: 'WhatsApp',
  anyWhatsapp: 'WhatsApp : peu importe',
  whatsappStates: { yes: 'Sur WhatsApp', no: 'Pas sur WhatsApp', unknown: 'Non vérifié' },
  optOutState: 'Désinscription',
  anyOptOut: 'Inscrits et désinscrits',
  optedOut: 'Désinscrit',
  notOptedOut: 'Non désinscrit',
  clearFilters: 'Effacer les filtres',
  contacts: (count: number) => plural(count, { one: '# contact', other: '# contacts' }),
  order: 'Ordre',
  orders: { created: 'Plus récents d’abord', name: 'Par nom', phone: 'Par numéro' },

  // The list
  name: 'Nom',
  phone: 'Numéro',
  categories: 'Catégories',
  added: 'Ajouté',
  actions: 'Actions',
  actionsOf: (who: string) => `Actions pour ${who}`,
  noName: 'Sans nom',
  none: 'Aucun contact pour l’instant',
  noneExplained: 'Importez un fichier de contacts, ou ajoutez-en un à la main.',
  noMatch: 'Personne ne correspond',
  noMatchExplained: 'Essayez d’autres mots, ou moins de filtres.',

  // Chosen contacts
  chosen: (count: number) => plural(count, { one: '# sélectionné', other: '# sélectionnés' }),
  selectAll: (total: string) => `Sélectionner les ${total}`,
  clearSelection: 'Annuler la sélection',
  addToCategory: 'Ajouter à une catégorie',
  removeFromCategory: 'Retirer d’une catégorie',
  check: 'Vérifier sur WhatsApp',
  optOut: 'Désinscrire',
  remove: 'Supprimer',
  edit: 'Modifier',

  addToCategoryTitle: (count: number) => `Ajouter ${these(count)} à une catégorie`,
  addToCategoryConfirm: 'Ajouter',
  removeFromCategoryTitle: (count: number) => `Retirer ${these(count)} d’une catégorie`,
  removeFromCategoryConfirm: 'Retirer',
  removeFromCategoryHint: 'Les contacts sont conservés ; ils quittent seulement la catégorie.',
  noCategories: 'Il n’y a pas encore de catégorie.',
  toCategories: 'En créer une',

  checkTitle: (count: number) =>
    plural(count, { one: 'Vérifier # numéro sur WhatsApp ?', other: 'Vérifier # numéros sur WhatsApp ?' }),
  checkText: 'WhatsApp est interrogé numéro par numéro, lentement. Les campagnes laissent de côté les absents.',
  recheck: 'Y compris les numéros déjà vérifiés',
  checkConfirm: 'Lancer la vérification',
  checking: (done: number, total: number) =>
    `Vérification des numéros sur WhatsApp : ${number(done)} sur ${number(total)}`,
  checkingLabel: 'Avancement de la vérification',
  checkCancel: 'Arrêter la vérification',
  checkNotCancelled: 'La vérification n’a pas été arrêtée',
  checked: (count: number) => plural(count, { one: '# numéro vérifié', other: '# numéros vérifiés' }),
  checkedDetail: (yes: number, no: number) => `${number(yes)} sur WhatsApp, ${number(no)} absents.`,

  optOutTitle: (count: number) => `Désinscrire ${these(count)} ?`,
  optOutOneTitle: (who: string) => `Désinscrire ${who} ?`,
  optOutText:
    'Plus aucune campagne n’écrira à ce numéro ; celles en cours s’arrêtent aussitôt pour lui. Il reste dans la liste même si le contact est supprimé.',
  optOutConfirm: 'Désinscrire',
  reason: 'Motif',
  reasonPlaceholder: 'Demandé par téléphone',
  reasonShort: 'Indiquez un motif d’au moins 3 caractères.',
  optional: '(facultatif)',

  removeTitle: (count: number) => `Supprimer ${these(count)} ?`,
  removeOneTitle: (who: string) => `Supprimer ${who} ?`,
  removeText:
    'Noms, numéros et variables sont effacés définitivement. Les résultats des campagnes passées sont conservés, sans eux. Les contacts auxquels une campagne écrit en ce moment sont gardés, et les désinscriptions restent dans leur liste.',
  removeConfirm: (count: number) =>
    plural(count, { one: 'Supprimer le contact', other: 'Supprimer # contacts' }),
  refused: (count: number) =>
    plural(count, { one: '# contact a été gardé', other: '# contacts ont été gardés' }),
  refusedExplained: 'Une campagne leur écrit en ce moment.',
  changed: {
    add_to_category: (count: number) =>
      plural(count, { one: '# contact ajouté à la catégorie', other: '# contacts ajoutés à la catégorie' }),
    remove_from_category: (count: number) =>
      plural(count, { one: '# contact retiré de la catégorie', other: '# contacts retirés de la catégorie' }),
    opt_out: (count: number) => plural(count, { one: '# contact désinscrit', other: '# contacts désinscrits' }),
    delete: (count: number) => plural(count, { one: '# contact supprimé', other: '# contacts supprimés' }),
  },
  bulkFailed: (count: number) =>
    plural(count, { one: 'Rien n’a changé pour # contact', other: 'Rien n’a changé pour # contacts' }),

  // The form
  create: 'Ajouter le contact',
  editTitle: 'Modifier le contact',
  save: 'Enregistrer',
  phoneHint: 'Comme vous l’écririez : 06 39 98 00 01, ou +44 20 7946 0001.',
  variables: 'Variables',
  variablesHint: 'Ce qu’un message peut dire de ce contact : {{ville}} devient la valeur de ville.',
  variableName: 'Nom',
  value: 'Valeur',
  variableValue: (name: string) => (name ? `Valeur de ${name}` : 'Valeur'),
  removeVariable: (name: string) => (name ? `Retirer la variable ${name}` : 'Retirer la variable'),
  addVariable: 'Ajouter une variable',
  wrong: {
    noPhone: 'Le numéro de téléphone manque.',
    noVariableName: 'Chaque variable a besoin d’un nom.',
    sameVariable: 'Deux variables portent le même nom.',
  },
  showKnown: 'Voir ce contact',
  phoneTaken: 'Un autre contact porte déjà ce numéro.',
  inCampaign: 'Une campagne écrit à ce contact en ce moment. Attendez sa fin, ou annulez-la d’abord.',
  notAdded: (who: string) => `${who} n’a pas été ajouté`,
  notChanged: (who: string) => `${who} n’a pas été modifié`,
  notRemoved: (who: string) => `${who} n’a pas été supprimé`,

  // One contact
  contact: 'Contact',
  showOptOut: 'Voir la liste des désinscrits',
  fromImport: (line: number) => `ligne ${number(line)} d’un import`,
  timeline: 'Historique',
  message1: 'Message 1',
  message2: 'Message 2',
  happened: {
    message_sent: 'Envoyé',
    message_delivered: 'Distribué',
    message_read: 'Lu',
    message_failed: 'Échec',
    opted_out: 'S’est désinscrit',
    contact_created: 'Contact ajouté',
  },
  interaction: 'A réagi',
  interactions: {
    text: 'A répondu',
    emoji: 'A répondu par un émoji',
    voice: 'A envoyé un message vocal',
    audio: 'A envoyé un son',
    image: 'A envoyé une photo',
    video: 'A envoyé une vidéo',
    document: 'A envoyé un document',
    sticker: 'A envoyé un autocollant',
    location: 'A envoyé un lieu',
    contacts: 'A envoyé un contact',
    poll: 'A envoyé un sondage',
    poll_vote: 'A voté dans un sondage',
    buttons_response: 'A touché un bouton',
    list_response: 'A choisi dans une liste',
    reaction: 'A réagi à un message',
  },

  // The opt-out list
  optOutsAbout: 'Rien n’est jamais envoyé à ces numéros, qu’ils soient dans vos contacts ou non.',
  searchOptOut: 'Numéro',
  addOptOut: 'Ajouter un numéro',
  addOptOutConfirm: 'Désinscrire ce numéro',
  since: 'Depuis',
  noReason: 'Sans motif',
  noOptOuts: 'Personne ne s’est désinscrit',
  noOptOutsExplained: 'Ceux qui répondent STOP apparaissent ici, et ceux que vous ajoutez à la main.',
  noOptOutMatch: 'Ce numéro n’est pas dans la liste',
  clearSearch: 'Effacer la recherche',
  erased: 'Numéro effacé',
  allowOf: (phone: string) => `Retirer ${phone} de la liste`,
  allowTitle: (phone: string) => `Retirer ${phone} de la liste ?`,
  allowText:
    'Les campagnes pourront à nouveau écrire à ce numéro. Ne le faites que si son propriétaire a donné son accord.',
  allowReason: 'Comment a-t-il donné son accord ?',
  allowReasonHint: 'Conservé dans le journal d’audit, avec votre nom.',
  allowConfirm: 'Retirer de la liste',
  notSuppressed: (phone: string) => `${phone} n’a pas été ajouté à la liste`,
  notAllowed: (phone: string) => `${phone} n’a pas été retiré de la liste`,
});

export default fr;
