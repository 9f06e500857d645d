import { french } from '../../i18n/french';
import type en from './en';

const fr: typeof en = french({
  title: 'Connexion',
  explained: 'Des campagnes WhatsApp que personne n’a besoin de surveiller.',
  choose: 'Choisissez votre mot de passe',
  chooseExplained: 'Celui qui vous a été remis ne servait qu’une fois. Désormais, vous utilisez le vôtre.',
});

export default fr;
