import { number, plural } from '../i18n/format';
import { french } from '../i18n/french';
import type en from './en';

const fr: typeof en = french({
  message1: 'Message 1',
  message2: 'Message 2',
  people: (count: number) => plural(count, { one: '# personne', other: '# personnes' }),
  senders: (count: number) => plural(count, { one: '# expéditeur', other: '# expéditeurs' }),
  reactions: (count: number) => plural(count, { one: '# réaction', other: '# réactions' }),
  failed: (count: number) => plural(count, { one: '# échec', other: '# échecs' }),
  progressOf: (name: string) => `Avancement de ${name}`,
  finished: 'Terminés',
  waiting: 'Réaction attendue',
  finishedOf: (done: number, total: number) =>
    `${plural(done, { one: '# personne traitée', other: '# personnes traitées' })} sur ${number(total)}`,
  pausedFor: { message_1: 'Le Message 1 est retenu', all: 'Les deux messages sont retenus' },
  holds: {
    pace: 'le rythme qui protège ses expéditeurs',
    rest: 'les temps de repos de ses expéditeurs',
    batch_pause: 'les pauses entre les lots',
    night: 'la nuit',
    quota: 'le quota journalier de ses expéditeurs',
    warm_up: 'des comptes récents, qui doivent encore écrire peu',
    unavailable: 'des expéditeurs en pause ou arrêtés',
  },
});

export default fr;
