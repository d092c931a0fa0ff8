"""Labels that people give: boxes of photographs and judgements of triplets."""
