// A request to a pod's admin port that a person sends through the API server, which needs the right `pods/proxy`.
import type { ApiRequest } from './effect.ts';

export function podProxyRequest(
  { namespace, pod, port }: { namespace: string; pod: string; port: number },
  method: 'PUT' | 'DELETE',
  path: string,
  body: unknown,
): ApiRequest {
  const whole = `/api/v1/namespaces/${namespace}/pods/${pod}:${port}/proxy${path}`;
  return {
    method,
    path: whole,
    contentType: 'application/json',
    body,
    kubectl: (file) => (method === 'PUT' ? `kubectl replace --raw '${whole}' -f ${file}` : `kubectl delete --raw '${whole}'`),
  };
}
