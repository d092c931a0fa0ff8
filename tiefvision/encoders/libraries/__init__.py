"""Networks of other libraries as encoders: those of timm, and open_clip's towers."""
