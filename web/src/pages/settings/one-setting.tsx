import type { ComponentProps } from 'react';
import { useItem } from '../../optimistic/use-optimistic';
import type { SettingItem } from './catalogue';
import { SettingRow } from './setting-row';

type OneProps = Omit<ComponentProps<typeof SettingRow>, 'setting'> & { setting: SettingItem };

/** A row as it will be, once what is under way has arrived. */
export function OneSetting({ setting, ...rest }: OneProps) {
  const shown = useItem('settings', setting);
  return shown ? <SettingRow setting={shown} {...rest} /> : null;
}
