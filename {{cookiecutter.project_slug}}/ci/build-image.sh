#!/bin/sh
# build-image.sh NAME: build the image as release $RELEASE; layers come from
# $IMAGE_LAYERS and go back there.
set -eu
# With attestations one push is three images for ECR, and its rule, which keeps the last
# ten images, would keep three releases. Older builders reject the flag --provenance,
# and ignore this variable.
export BUILDX_NO_DEFAULT_ATTESTATIONS=1
# Only a builder in a container of its own can export its layers (GitHub's job starts
# one); the engine's built-in builder keeps them itself.
if [ -n "${IMAGE_LAYERS:-}" ] && docker buildx inspect | grep -q '^Driver: *docker-container'; then
  set -- "$1" --load --cache-from "type=local,src=$IMAGE_LAYERS" \
    --cache-to "type=local,dest=$IMAGE_LAYERS.new,mode=max"
fi
name=$1
shift
docker buildx build --build-arg "RELEASE=${RELEASE:-dev}" --tag "$name" "$@" .
# Replace the old layers: a folder that is only added to grows for ever.
if [ -d "${IMAGE_LAYERS:-}.new" ]; then
  rm -rf "$IMAGE_LAYERS"
  mv "$IMAGE_LAYERS.new" "$IMAGE_LAYERS"
fi
