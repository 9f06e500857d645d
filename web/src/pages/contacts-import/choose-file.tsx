import { type DragEvent, useRef, useState } from 'react';
import { Icon } from '../../ui/icon';
import { Card } from '../../ui/layout';
import { Notice } from '../../ui/notice';
import { Steps } from './steps';
import { isWorkbook } from './upload';
import { useWords } from './words';

/** The API takes no larger one. */
const LARGEST_BYTES = 512 * 1024 * 1024;

export function ChooseFile({ onChoose }: { onChoose: (file: File) => void }) {
  const t = useWords();
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);

  function take(file: File | undefined) {
    if (!file) return;
    const problem = isWorkbook(file)
      ? t.workbook
      : file.size > LARGEST_BYTES
        ? t.tooLarge
        : file.size === 0
          ? t.emptyFile
          : null;
    setWrong(problem);
    if (!problem) onChoose(file);
    else if (input.current) input.current.value = '';
  }

  function onDrag(event: DragEvent) {
    event.preventDefault();
    setOver(event.type === 'dragover');
    if (event.type === 'drop') take(event.dataTransfer?.files[0]);
  }
  return (
    <Card>
      <Steps current="file" />
      {/* biome-ignore lint/a11y/noNoninteractiveElementInteractions: dropping is a shorter way to what its input does */}
      <label
        className={isOver ? 'drop drop-over' : 'drop'}
        onDragOver={onDrag}
        onDragLeave={onDrag}
        onDrop={onDrag}
      >
        <Icon name="upload" />
        <strong>{t.drop}</strong>
        <span className="muted">{t.dropHint}</span>
        <span className="button button-primary" aria-hidden="true">
          {t.choose}
        </span>
        <input
          ref={input}
          type="file"
          className="hidden"
          accept=".csv,.txt,.tsv,text/csv,text/plain"
          aria-label={t.choose}
          onChange={(event) => take(event.currentTarget.files?.[0])}
        />
      </label>
      {wrong && <Notice tone="bad">{wrong}</Notice>}
      <p className="muted small">{t.formats}</p>
    </Card>
  );
}
