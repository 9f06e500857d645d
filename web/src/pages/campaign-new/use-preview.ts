import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { call } from '../../api/client';
import type { Form } from './form';

const WAIT_MS = 200;

/** Both messages as one person gets them, a moment after the typing has paused. */
export function usePreview({ message_1, message_2 }: Form, contact_id: string | undefined) {
  const texts = useSettled(JSON.stringify([message_1, message_2]));
  const [first, second] = JSON.parse(texts) as [string, string];
  const body = { message_1: first, message_2: second, contact_id: contact_id ?? null };
  return useQuery({
    queryKey: ['contacts', 'preview', body],
    queryFn: ({ signal }) => call('post', '/api/campaigns/preview', { body }, { signal }),
    placeholderData: keepPreviousData,
  });
}

function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), WAIT_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
