// Routes that change a countdown: actions of people, and the clock of a rehearsal.
import { readDuration } from '../../../release/duration.ts';
import { API_VERSION } from '../../../release/release.ts';
import { sendAction } from '../../actions/send-action.ts';
import { actionRequest, clockRequest, type ActionBody } from '../../actions/requests.ts';
import { linksOf } from '../links.ts';
import { RELEASE_PATH, route, type ApiRoute } from '../route.ts';
import { actResultSchema, clockResultSchema } from '../schemas.ts';
import type { AppContext } from '../../request/context.ts';
import { ApiError } from '../../request/refusal.ts';
import { releaseNameOf } from '../../request/release-name.ts';
import type { Dependencies } from '../../request/dependencies.ts';

export function submitAction(dependencies: Dependencies): ApiRoute {
  return route({
    method: 'post',
    path: `${RELEASE_PATH}/actions`,
    operationId: 'requestAction',
    summary: 'Request an action: approve, reject, hold, resume, recycle, retry, waive or abort',
    access: 'bearer',
    body: actionRequest,
    answers: {
      200: { description: 'Accepted by the countdown', name: 'ActionResult', schema: actResultSchema },
      202: { description: 'Hold or abort sent; effective when a worker reads it', name: 'ActionResult', schema: actResultSchema },
    },
    handle: (c, request) => answerAction(dependencies, c, request),
  });
}

export function advanceClock(dependencies: Dependencies): ApiRoute {
  return route({
    method: 'post',
    path: `${RELEASE_PATH}/clock`,
    operationId: 'advanceClock',
    summary: 'Skip virtual time of a rehearsal; returns before the clock has arrived',
    access: 'bearer',
    body: clockRequest,
    answers: { 202: { description: 'The clock is running', name: 'ClockResult', schema: clockResultSchema } },
    async handle(c, { ahead }) {
      const name = releaseNameOf(c);
      const reading = readDuration(ahead);
      if (!reading.ok) throw new ApiError('InvalidRequest', reading.reason, 'use a duration such as 71h or 30m');
      await dependencies.countdowns.advance(name, reading.ms);
      return c.json(
        clockResultSchema.parse({
          apiVersion: API_VERSION,
          kind: 'ClockResult',
          metadata: { name },
          aheadMs: reading.ms,
          links: linksOf(dependencies, name),
        }),
        202,
      );
    },
  });
}

async function answerAction(dependencies: Dependencies, c: AppContext, request: ActionBody): Promise<Response> {
  const name = releaseNameOf(c);
  const { message, phase, revision } = await sendAction(dependencies, name, request, c.get('visitor').principal);
  // 202: durable in Temporal, but not yet read by the countdown.
  return c.json(
    actResultSchema.parse({
      apiVersion: API_VERSION,
      kind: 'ActionResult',
      metadata: { name, revision },
      action: request.action,
      message,
      phase,
      links: linksOf(dependencies, name),
    }),
    phase === null ? 202 : 200,
  );
}
