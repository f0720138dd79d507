/** k6 points of two endpoints over a minute, made by a fixed rule: ten requests a second each, slower towards the middle. */
export function examplePoints(): string {
  const lines: string[] = [];
  const start = Date.parse('2026-11-21T09:00:50.000Z');
  for (let index = 0; index < 600; index += 1) {
    const time = new Date(start + index * 100).toISOString();
    const wave = Math.sin((Math.PI * index) / 600);
    const spike = index % 10 === 9 ? 60 : 0;
    lines.push(pointLine('POST /api/order/create', time, 60 + 90 * wave + spike));
    lines.push(pointLine('GET /api/user/profile', time, 14 + 12 * wave + spike / 6));
  }
  return `${lines.join('\n')}\n`;
}

function pointLine(name: string, time: string, value: number): string {
  return JSON.stringify({
    metric: 'http_req_duration',
    type: 'Point',
    data: { time, value, tags: { name, status: '200', expected_response: 'true' } },
  });
}
