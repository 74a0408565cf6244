# A static binary in an empty image: `docker build --tag passerelle .`
FROM rust:1.95-bookworm AS build
WORKDIR /build
# Naming the target keeps the flag from the build scripts and macros, which cannot be static.
ENV RUSTFLAGS="-C target-feature=+crt-static"

# The dependencies are a layer of their own: a change of our sources does not build them again.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src tests/it \
 && echo 'fn main() {}' | tee src/main.rs >tests/it/main.rs && touch src/lib.rs \
 && rustc -vV | sed -n 's/^host: //p' >target-name \
 && cargo build --release --locked --target "$(cat target-name)"

COPY . .
ARG PASSERELLE_COMMIT=
RUN sed --in-place --file packaging/image.sed config/default.toml \
 && touch src/main.rs src/lib.rs \
 && cargo build --release --locked --target "$(cat target-name)" \
 && install -D "target/$(cat target-name)/release/passerelle" /image/passerelle \
 && install -D -m 644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
 && mkdir -p /image/etc/passerelle \
 && cp -r mappings config/default.toml config/example.toml /image/etc/passerelle/ \
 && cp packaging/image.toml /image/etc/passerelle/passerelle.toml

FROM scratch
COPY --from=build /image /
# Any user without a name or a right will do.
USER 10001:10001
# No setting by variable: it would be stronger than a mounted file.
ENV PASSERELLE_CONFIG=/etc/passerelle/passerelle.toml
# Freed memory goes back to the system: by itself glibc keeps what large requests took, in heaps of many threads.
ENV MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=131072 \
    MALLOC_TRIM_THRESHOLD_=131072
EXPOSE 2424 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=12s --start-period=10s CMD ["/passerelle", "healthcheck"]
ENTRYPOINT ["/passerelle"]
CMD ["serve"]
