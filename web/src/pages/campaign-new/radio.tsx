import type { ReactNode } from 'react';

interface RadioProps {
  name: string;
  label: ReactNode;
  checked: boolean;
  onChoose: () => void;
}

export function Radio({ name, label, checked, onChoose }: RadioProps) {
  return (
    <label className="toggle">
      <input type="radio" name={name} checked={checked} onChange={onChoose} />
      <span>{label}</span>
    </label>
  );
}
