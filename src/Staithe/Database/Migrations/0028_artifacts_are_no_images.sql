-- Signatures, attestations and models have the config of an image, were looked into as images and could not be read: they are none (ImageLookup.IsImage).
delete from image_contents where state <> 'done' and manifest_id in (select id from manifests m where m.media_type like '%manifest%'
    and ({manifest text} like '%application/vnd.in-toto+json%' or {manifest text} like '%application/vnd.dev.cosign.simplesigning.%' or {manifest text} like '%application/vnd.dsse.envelope.%'
        or {manifest text} like '%application/vnd.ollama.image.%' or {manifest text} like '%application/vnd.wasm.%' or {manifest text} like '%spdx%' or {manifest text} like '%cyclonedx%' or {manifest text} like '%vnd.syft%')
    and {manifest text} not like '%.layer.v1.%' and {manifest text} not like '%.layer.nondistributable.%' and {manifest text} not like '%.rootfs.%');
-- The index of searches took them for images too, and did not say which statements are beside an image.
insert into changed_repositories (repo_id, seq) select id, 1 from repositories where true on conflict (repo_id) do update set seq = changed_repositories.seq + 1;
