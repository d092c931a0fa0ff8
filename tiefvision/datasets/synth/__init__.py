"""A synthetic street-to-shop dataset: drawn garments, people and photographs.

`generate.generate_dataset` writes it in the project's layout. The chain behind it:
`items` draws a cut (`cuts`) and a cloth (`materials`); `garments` and `figure` turn
them into panels on a pose; `painting` turns panels into pixels and an exact mask;
`photography` adds light, blur and noise; `scenes` composes one photograph.
"""
