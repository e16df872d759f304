"""Short texts and the columns that they go with.

Germain, Gregor, Murray and Larochelle, "MADE: Masked autoencoder for distribution estimation", ICML
2015, arXiv:1502.03509, for the columns; and a recurrent network for the text given these, as in
Graves, "Generating sequences with recurrent neural networks", 2013, arXiv:1308.0850.

We deviate in that the number of pieces is one of the columns, so that a text knows how much of it
is left and ends where it should; in that cells of a row that stand in its text are slots; and in
that the network hears one piece in ten not at all while it learns, since data is small.

This is no language model of the world: it knows what its data says, and no more. For free prose a
large language model is better.
"""

from zerosum.modalities.strings.likelihood import TextConfig, text_optimisation
from zerosum.modalities.strings.space import require_texts
from zerosum.recipe_registry import Recipe, recipe
from zerosum.spaces import Space


@recipe(
    paper="after Germain et al. 2015, arXiv:1502.03509, and Graves 2013, arXiv:1308.0850",
    spaces=("string",),
)
def text(space: Space) -> Recipe:
    """Short texts with the columns of their rows, by likelihood; cells in texts are slots."""
    own = require_texts(space, network="text")
    return Recipe(
        name="text", game=TextConfig(), optimisation=text_optimisation(own.attributes.num_rows)
    )
