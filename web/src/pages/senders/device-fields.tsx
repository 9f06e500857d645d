import { useState } from 'react';
import { Button } from '../../ui/button';
import { Field, TextInput } from '../../ui/field';
import { Notice } from '../../ui/notice';
import { PhoneNumber, StatusPill } from '../../ui/state';
import { Choices } from './choices';
import type { Draft, Gateway, Problems } from './draft';
import { useWords, type Words } from './words';

interface DeviceFieldsProps {
  draft: Draft;
  problems: Problems;
  gateway: Gateway;
  looking: boolean;
  onLook: () => void;
  onChange: (change: Partial<Draft>) => void;
}

type Device = Gateway['devices'][number];

const isFree = ({ sender_id: sender, phone }: Device): boolean => sender === null && phone !== null;

const freeFirst = (devices: readonly Device[]): readonly Device[] =>
  devices.toSorted((one, other) => Number(isFree(other)) - Number(isFree(one)));

/** What is known of a device, as the draft that it makes. */
export const fromDevice = ({ id, phone, name }: Device): Partial<Draft> => ({
  device: id,
  phone: phone ?? '',
  name: name ?? '',
});

/** The device that is most probably meant: the first that can send, else the first that is free. */
export const likely = ({ devices }: Gateway): Device | undefined =>
  devices.find((device) => isFree(device) && device.usable) ?? devices.find(isFree);

/** Which WhatsApp number: one of those at the gateway, or typed by hand where the gateway cannot be asked. */
export function DeviceFields({ draft, problems, gateway, looking, onLook, onChange }: DeviceFieldsProps) {
  const t = useWords();
  const { devices, reachable } = gateway;
  const isListed = draft.device === '' || devices.some(({ id }) => id === draft.device);
  const [byHand, setByHand] = useState(!reachable || !isListed);
  if (byHand) {
    return (
      <>
        {!reachable && <Notice tone="warn">{t.gatewayAway}</Notice>}
        <Field label={t.phone} hint={t.phoneHint} error={problems.phone}>
          <TextInput
            type="tel"
            autoComplete="off"
            value={draft.phone}
            onChange={(phone) => onChange({ phone })}
          />
        </Field>
        <Field label={t.deviceId} hint={t.deviceIdHint} error={problems.device}>
          <TextInput
            autoComplete="off"
            spellCheck={false}
            maxLength={30}
            value={draft.device}
            onChange={(device) => onChange({ device })}
          />
        </Field>
        {reachable && (
          <div>
            <Button kind="quiet" size="small" onClick={() => setByHand(false)}>
              {t.fromList}
            </Button>
          </div>
        )}
      </>
    );
  }
  const known = (id: string) => devices.find((device) => device.id === id);
  return (
    <>
      {!devices.some(isFree) && <Notice>{devices.length > 0 ? t.noneFree : t.noDevices}</Notice>}
      {devices.length > 0 && (
        <Choices
          label={t.number}
          value={draft.device}
          onChange={(id) => onChange(fromDevice(known(id) ?? { ...NO_DEVICE, id }))}
          choices={freeFirst(devices).map((device) => ({
            value: device.id,
            disabled: !isFree(device),
            label: <DeviceLabel device={device} t={t} />,
          }))}
        />
      )}
      {problems.device && <p className="field-error">{problems.device}</p>}
      <div className="row">
        <Button kind="quiet" size="small" icon="refresh" busy={looking} onClick={onLook}>
          {t.lookAgain}
        </Button>
        <Button kind="quiet" size="small" icon="edit" onClick={() => setByHand(true)}>
          {t.byHand}
        </Button>
      </div>
    </>
  );
}

const NO_DEVICE: Device = {
  id: '',
  name: null,
  phone: null,
  usable: false,
  scan_needed: false,
  sender_id: null,
};

function DeviceLabel({ device, t }: { device: Device; t: Words }) {
  const { name, phone, usable, scan_needed: scan, sender_id: sender } = device;
  const state = sender ? 'used' : !phone ? 'noPhone' : usable ? 'ready' : scan ? 'scan' : 'offline';
  return (
    <span className="sender-device">
      <span>
        {phone ? <PhoneNumber value={phone} /> : device.id}
        {name && <span className="muted"> · {name}</span>}
      </span>
      <StatusPill
        state={t.device[state]}
        tone={state === 'ready' ? 'good' : state === 'used' ? 'neutral' : 'warn'}
      />
    </span>
  );
}
