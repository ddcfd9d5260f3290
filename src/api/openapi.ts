/**
 * The OpenAPI 3.1 document, made from the routes themselves: what is declared is what is checked. Each operation says in
 * `x-hedgerow-roles` who may use it (empty: anybody) and in `x-hedgerow-scope` whether on some sites or on all.
 */
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { alert, channel, delivery, rule, schedule } from '../contract/alert.js';
import { ledgerEntry, token, user } from '../contract/auth-ports.js';
import { camera } from '../contract/camera.js';
import { observation, pictureRow } from '../contract/picture.js';
import { place, site } from '../contract/site.js';
import { streamEvent } from '../contract/events.js';
import { zone } from '../contract/zone.js';
import { problem } from './problem.js';

const named = { Alert: alert, Camera: camera, Channel: channel, Delivery: delivery, LedgerEntry: ledgerEntry, Observation: observation, Picture: pictureRow, Place: place, Problem: problem, Rule: rule, Schedule: schedule, Site: site, StreamEvent: streamEvent, Token: token, User: user, Zone: zone };

export async function addOpenApi(app: FastifyInstance, version: string): Promise<void> {
  const schemaRegistry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) schemaRegistry.add(schema, { id });
  const transform = createJsonSchemaTransform({ schemaRegistry });

  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Hedgerow',
        version,
        description: 'Cameras, masked pictures, alerts and the log of who did what. Lists answer `{ items, nextCursor }`; times are RFC 3339 in UTC; errors are RFC 9457 problem JSON.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'An API token (hgt_…), or HEDGEROW_ADMIN_TOKEN' },
          session: { type: 'apiKey', in: 'cookie', name: 'hedgerow', description: 'Set by a log-in; __Host-hedgerow over TLS. Requests that change something must come from our own origin.' },
        },
      },
    },
    transform: (document) => {
      const { schema, url } = transform(document);
      const { access, describedBody } = document.route.config ?? {};
      if (!schema || schema.hide || access === undefined) return { schema, url };
      const methods = [document.route.method].flat();
      return {
        url,
        schema: {
          ...schema,
          ...(describedBody ? { body: describedBody } : {}),
          operationId: operationId(String(methods[0]), url),
          security: access === 'public' ? [] : [{ token: [] }, { session: [] }],
          'x-hedgerow-roles': access === 'public' ? [] : [...access.roles],
          'x-hedgerow-scope': access === 'public' ? 'public' : access.scope,
          response: {
            ...(schema.response as object | undefined),
            default: { description: 'What went wrong', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
          },
        },
      };
    },
    transformObject: createJsonSchemaTransformObject({ schemaRegistry }),
  });
}

/** GET /api/v1/cameras/{id}/pictures/newest: get-cameras-id-pictures-newest */
function operationId(method: string, url: string): string {
  const words = url.replace(/^\/api\/v1/, '').split(/[/:{}.]+/).filter((w) => w !== '');
  return [method.toLowerCase(), ...words].join('-');
}
