import { type FormEvent, useState } from 'react';
import { call } from '../../api/client';
import { failure } from '../../api/failure';
import { ApiProblem } from '../../api/problem';
import { LANGUAGES, type Language, language } from '../../i18n/language';
import { switchLanguage, useCommon } from '../../i18n/words';
import { chooseTheme, THEMES, type Theme, theme } from '../../layout/theme';
import { session, useMe } from '../../session/session';
import { useStore } from '../../store';
import { Button } from '../../ui/button';
import { Field, TextInput } from '../../ui/field';
import { Card } from '../../ui/layout';
import { Segments } from '../../ui/tabs';
import { toast } from '../../ui/toast';
import { useWords } from './words';

/** Name, language and appearance: the latter two are seen as soon as they are chosen. */
export function About() {
  const t = useWords();
  const common = useCommon();
  const tongue = useStore(language);
  const shown = useStore(theme);

  async function speak(to: Language) {
    await switchLanguage(to);
    // The next browser begins with it; should that fail, this one has it all the same.
    const me = await call('patch', '/api/me', { body: { language: to } }).catch(() => null);
    if (me) session.set({ ...session.get(), me });
  }

  return (
    <Card title={t.about}>
      <div className="stack">
        <NameForm />
        <div className="field">
          <span className="profile-label">{t.language}</span>
          <Segments
            label={t.language}
            tabs={LANGUAGES.map((id) => ({ id, label: common.languages[id] }))}
            current={tongue}
            onChange={(id) => void speak(id as Language)}
          />
          <span className="field-hint">{t.languageHint}</span>
        </div>
        <div className="field">
          <span className="profile-label">{t.theme}</span>
          <Segments
            label={t.theme}
            tabs={THEMES.map((id) => ({ id, label: t.themes[id] }))}
            current={shown}
            onChange={(id) => chooseTheme(id as Theme)}
          />
        </div>
      </div>
    </Card>
  );
}

function NameForm() {
  const t = useWords();
  const me = useMe();
  const [name, setName] = useState(me.name);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function save(event: FormEvent) {
    event.preventDefault();
    if (!name.trim()) return setProblem(t.nameMissing);
    setBusy(true);
    setProblem(undefined);
    try {
      const saved = await call('patch', '/api/me', { body: { name: name.trim() } });
      session.set({ ...session.get(), me: saved });
      setName(saved.name);
      toast({ tone: 'good', text: t.saved });
    } catch (error) {
      setProblem(error instanceof ApiProblem && error.status === 409 ? t.nameTaken : failure(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form className="profile-name" onSubmit={save} noValidate>
      <Field label={t.name} hint={t.nameHint} error={problem}>
        <TextInput autoComplete="username" maxLength={100} value={name} onChange={setName} />
      </Field>
      <div>
        <Button type="submit" busy={busy} disabled={name.trim() === me.name}>
          {t.save}
        </Button>
      </div>
    </form>
  );
}
