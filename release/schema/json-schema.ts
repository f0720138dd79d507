// The schemas as JSON Schema (draft-7, what people may write): editors complete, explain and check files with it.
import { z } from 'zod';
import { environmentSchema } from '../environment.ts';
import { releaseFileSchema } from '../release.ts';

/** The part of JSON Schema that our schemas use. `defaultText` says in words what a field means when it is left out. */
export interface JsonSchema {
  type?: string;
  description?: string;
  pattern?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  defaultText?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  minimum?: number;
  maximum?: number;
}

export const schemas = {
  release: () => jsonSchemaOf(releaseFileSchema),
  environment: () => jsonSchemaOf(environmentSchema),
};

/** For editors: `defaultText` is our own word, so it joins the description. */
export function forEditors(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema), (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('defaultText' in value)) return value;
    const { defaultText, ...rest } = value as JsonSchema;
    return { ...rest, description: `${rest.description ?? ''} Left out: ${defaultText}.` };
  }) as JsonSchema;
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }) as JsonSchema;
}
