"""Repositories of the Hugging Face hub: files at one pinned commit read into the client's cache, and folders uploaded.

`repository` lists and fetches, `uploading` publishes. Endpoint, token, cache and offline mode are those of
huggingface_hub (HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_OFFLINE); the client is imported where it is used. A file is
handed out only if its size and hash are those that the commit lists; whatever fails is a HubError of one paragraph
(docs/hub.md).
"""
