# First: dotnet publish Signaling/Server -p:PublishProfile=self-contained
# Then:  docker build -t mediarelay . && docker run --network host -v mediarelay:/var/lib/mediarelay -v /etc/mediarelay:/etc/mediarelay:ro mediarelay serve -c /etc/mediarelay/mediarelay.json
# Host networking, because a relay opens a port per allocation.
FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates ffmpeg libssl3 util-linux && rm -rf /var/lib/apt/lists/* \
 && useradd --system --home /var/lib/mediarelay --create-home mediarelay
COPY artifacts/self-contained /opt/mediarelay
USER mediarelay
WORKDIR /var/lib/mediarelay
ENTRYPOINT ["/opt/mediarelay/mediarelay"]
CMD ["--help"]
