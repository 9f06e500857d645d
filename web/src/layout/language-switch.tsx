import { type Language, language } from '../i18n/language';
import { switchLanguage, useCommon } from '../i18n/words';
import { useStore } from '../store';
import { Button } from '../ui/button';

export function LanguageSwitch() {
  const t = useCommon();
  const tongue = useStore(language);
  const other: Language = tongue === 'fr' ? 'en' : 'fr';
  return (
    <Button kind="quiet" icon="language" onClick={() => void switchLanguage(other)}>
      <span lang={other}>{t.languages[other]}</span>
    </Button>
  );
}
