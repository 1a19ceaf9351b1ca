# The whole pipeline. Volumes keep data, results and what another run needs to go on; the code and params.yaml are the
# image's, so that a rebuilt image runs the new code. From the project's folder:
#
#   docker compose -f deploy/docker/compose.yaml run --build --rm train
#
# With an NVIDIA GPU: build with --build-arg RUNTIME=gpu, run with --gpus all.

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 10001 gan && install --directory --owner gan /project
WORKDIR /project
# The dependencies by themselves, so that an edit to the code does not install them again.
ARG RUNTIME=cpu
COPY pyproject.toml constraints.txt README.md ./
RUN pip install --no-cache-dir --constraint constraints.txt pip \
    && pip install --no-cache-dir --constraint constraints.txt ".[${RUNTIME},train]"
COPY --chown=gan . .
# The volumes of compose.yaml take their owner from these folders.
RUN install --directory --owner gan data models exported metrics mlruns .resume .dvc/cache
USER 10001
ENV PYTHONPATH=/project MLFLOW_TRACKING_URI=sqlite:////project/mlruns/mlflow.db
RUN dvc config --local core.no_scm true
CMD ["dvc", "repro"]
