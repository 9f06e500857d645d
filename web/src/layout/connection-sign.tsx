import { useCommon } from '../i18n/words';
import { useConnection } from '../live/use-live';

/** Whether what is shown is live. Only what lasts is said, and once. */
export function ConnectionSign() {
  const t = useCommon();
  const state = useConnection();
  return (
    <div className={`connection connection-${state}`} role="status">
      <span className="connection-dot" aria-hidden="true" />
      {t.connection[state]}
    </div>
  );
}
