# The whole pipeline. The volume keeps what a run leaves, and what another needs to go on. From the project's folder:
#
#   docker build -f deploy/docker/train.Dockerfile -t gan-train .
#   docker run --rm -v gan:/project gan-train
#
# With an NVIDIA GPU: build with --build-arg RUNTIME=gpu, run with --gpus all.

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 10001 gan && install --directory --owner gan /project
WORKDIR /project
# The dependencies by themselves, so that an edit to the code does not install them again.
ARG RUNTIME=cpu
COPY pyproject.toml constraints.txt README.md ./
RUN pip install --no-cache-dir --constraint constraints.txt ".[${RUNTIME},train]"
COPY --chown=gan . .
USER 10001
ENV PYTHONPATH=/project
RUN dvc config --local core.no_scm true
CMD ["dvc", "repro"]
