# The monitor, as nobody in particular. The daemon needs --user 0, --device /dev/net/tun and --cap-add NET_ADMIN, and another command.
FROM node:22-slim AS build
WORKDIR /build
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
RUN npm ci --ignore-scripts
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:22-slim
ENV NODE_ENV=production
WORKDIR /opt/tunnelscope
COPY package.json LICENSE ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
RUN ln -s /opt/tunnelscope/dist/cli/main.js /usr/local/bin/tunnelscope && chmod 755 dist/cli/main.js
USER node
EXPOSE 9176
HEALTHCHECK --interval=30s --timeout=5s CMD ["node", "-e", "fetch('http://127.0.0.1:9176/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/tunnelscope/dist/cli/main.js"]
CMD ["monitor", "/etc/tunnelscope/monitor.yaml", "--listen", "0.0.0.0:9176"]
