# gan-infer and the generator that ships; no torch. From the project's folder:
#
#   docker build -f deploy/docker/infer.Dockerfile -t gan-infer .
#   docker run --rm gan-infer --onnx cdcgan.onnx --digit 5 --out - > digit-5.png

FROM python:3.11-slim-bookworm AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md ./
COPY pipeline pipeline
RUN python -m venv /opt/gan \
    && /opt/gan/bin/pip install --no-cache-dir --constraint constraints.txt pip \
    && /opt/gan/bin/pip install --no-cache-dir --constraint constraints.txt '.[cpu]'

FROM python:3.11-slim-bookworm
COPY --from=build /opt/gan /opt/gan
WORKDIR /generator
COPY exported/cdcgan.onnx exported/cdcgan.json ./
COPY exported/cdcgan cdcgan
ENV PATH=/opt/gan/bin:$PATH
USER 65534:65534
ENTRYPOINT ["gan-infer"]
