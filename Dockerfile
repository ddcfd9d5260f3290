# One image for every role. The detector's weights are not in it: mount them and set HEDGEROW_MODELS.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production UV_THREADPOOL_SIZE=256 HEDGEROW_DATA=/data HEDGEROW_HOST=0.0.0.0
RUN mkdir /data && chown node:node /data
COPY --from=build --chown=node:node /app /app
USER node
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["node", "scripts/hedgerow.cjs"]
CMD ["up"]
