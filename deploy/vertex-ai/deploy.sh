#!/bin/sh
# Uploads an image with its model baked in to Vertex AI and deploys it to a new endpoint.
#
#   IMAGE=us-central1-docker.pkg.dev/PROJECT/REPOSITORY/digits NAME=digits sh deploy/vertex-ai/deploy.sh
#
# With the GPU image add ACCELERATOR=type=nvidia-tesla-t4,count=1 and DEVICE=cuda.
set -eu

: "${IMAGE:?the image in Artifact Registry, with its model baked in}"
: "${NAME:?a name for the model and its endpoint}"
REGION=${REGION:-us-central1}
MACHINE_TYPE=${MACHINE_TYPE:-n1-standard-4}
DEVICE=${DEVICE:-cpu}
MIN_REPLICAS=${MIN_REPLICAS:-1}
MAX_REPLICAS=${MAX_REPLICAS:-4}

# Vertex AI hands the port and the two routes to the server, as AIP_HTTP_PORT, AIP_HEALTH_ROUTE and AIP_PREDICT_ROUTE.
# It passes on no answer after 60 seconds.
gcloud ai models upload --region="$REGION" --display-name="$NAME" --container-image-uri="$IMAGE" \
  --container-ports=8080 --container-health-route=/health --container-predict-route=/predict \
  --container-env-vars="DEVICE=$DEVICE,REQUEST_TIMEOUT_MS=50000" \
  --container-deployment-timeout-seconds=1200
model=$(gcloud ai models list --region="$REGION" --filter="displayName=$NAME" --sort-by=~createTime --limit=1 --format='value(name)')

gcloud ai endpoints create --region="$REGION" --display-name="$NAME"
endpoint=$(gcloud ai endpoints list --region="$REGION" --filter="displayName=$NAME" --sort-by=~createTime --limit=1 --format='value(name)')

gcloud ai endpoints deploy-model "$endpoint" --region="$REGION" --model="$model" --display-name="$NAME" \
  --machine-type="$MACHINE_TYPE" --min-replica-count="$MIN_REPLICAS" --max-replica-count="$MAX_REPLICAS" \
  --autoscaling-metric-specs=cpu-usage=60 ${ACCELERATOR:+"--accelerator=$ACCELERATOR"}
echo "$endpoint"
