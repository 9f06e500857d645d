import { useStore } from '../../store';
import { Advanced } from './advanced';
import type { StepProps } from './editor';
import { EstimateCard } from './estimate-card';
import { SenderChoice } from './sender-choice';
import { useWords } from './words';

export function SendersStep({ keeper }: StepProps) {
  const t = useWords();
  const { form } = useStore(keeper.store);
  return (
    <>
      <div>
        <h2 tabIndex={-1}>{t.sendersTitle}</h2>
        <p className="muted">{t.sendersHint}</p>
      </div>
      <div className="editor-columns">
        <div className="stack">
          <SenderChoice chosen={form.sender_ids} onChange={(sender_ids) => keeper.change({ sender_ids })} />
          <Advanced form={form} onChange={keeper.change} />
        </div>
        <EstimateCard keeper={keeper} />
      </div>
    </>
  );
}
