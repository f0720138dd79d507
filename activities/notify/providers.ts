import type { NotifierType } from '../../release/environment.ts';
import { dingtalk } from './dingtalk.ts';
import { feishu } from './feishu.ts';
import type { Provider } from './provider.ts';
import { slack } from './slack.ts';
import { webhook } from './webhook.ts';
import { wecom } from './wecom.ts';

/** Every kind of notification target, by its `type` in the environment file. */
export const providers: Readonly<Record<NotifierType, Provider>> = { webhook, wecom, dingtalk, feishu, slack };
