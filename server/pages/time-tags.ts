import { eventTime, time } from '../../verdict/wording/index.ts';
import { markup, type Markup } from '../evidence/markup.ts';

/** When something is planned: seconds only where there are any. */
export const timeTag = (iso: string): Markup => markup`<time datetime="${iso}">${time(iso)}</time>`;

/** When something happened, with seconds. */
export const eventTimeTag = (iso: string): Markup => markup`<time datetime="${iso}">${eventTime(iso)}</time>`;
