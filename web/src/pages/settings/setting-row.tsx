import { Button } from '../../ui/button';
import { StatusPill, Time } from '../../ui/state';
import type { Entry } from './audit';
import { type ScopeName, SOURCE_OF } from './scope';
import { effectOf, inWords, labelOf, type Setting } from './setting';
import { useWords } from './words';

interface RowProps {
  setting: Setting;
  scope: ScopeName;
  changed: Entry | undefined;
  onChange: () => void;
  onReset: () => void;
}

export function SettingRow({ setting, scope, changed, onChange, onReset }: RowProps) {
  const t = useWords();
  const { label, help } = labelOf(t, setting);
  const isOwn = setting.source === SOURCE_OF[scope];
  const sources: Readonly<Record<string, string>> = t.sources;
  return (
    <li className="setting">
      <div>
        <h3>{label}</h3>
        <p className="muted small">{help}</p>
      </div>
      <div className="setting-value">
        <strong>{inWords(t, setting, setting.value)}</strong>
        <div className="row small">
          <StatusPill
            state={sources[setting.source] ?? setting.source}
            tone={setting.source === 'default' ? 'neutral' : 'info'}
          />
          {isOwn && changed && (
            <span className="muted">
              {t.changedBy(changed.actor)}, <Time at={changed.at} />
            </span>
          )}
        </div>
        <span className="muted small">{effectOf(t, setting)}</span>
      </div>
      <div className="row setting-actions">
        <Button size="small" onClick={onChange}>
          {t.change}
          <span className="hidden"> {label}</span>
        </Button>
        {isOwn && (
          <Button size="small" kind="quiet" onClick={onReset}>
            {t.reset}
            <span className="hidden"> {label}</span>
          </Button>
        )}
      </div>
    </li>
  );
}
