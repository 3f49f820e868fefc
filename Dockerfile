# An image of davy and nothing else: the static binary, and the certificates of authorities for services that are asked over HTTPS.
#   docker build --build-arg BINARY=target/x86_64-unknown-linux-musl/dist/davy --tag davy .
#   docker run --rm --volume "$PWD:/data" davy judge canary.yaml
FROM debian:stable-slim AS certificates
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates

FROM scratch
ARG BINARY=davy
COPY --from=certificates /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY ${BINARY} /davy
WORKDIR /data
USER 65532:65532
ENTRYPOINT ["/davy"]
CMD ["--help"]
