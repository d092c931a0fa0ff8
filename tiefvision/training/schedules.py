"""Learning rates that fall in steps, or not at all, as published recipes have them."""

from dataclasses import dataclass

from tiefvision.training.loop import Schedule


@dataclass(frozen=True)
class SteppedSchedule(Schedule):
    """A rate that is multiplied by a factor after each of several equal parts of a run.

    Attributes:
        warm_up: share of all steps, in [0, 1], in which the rate grows linearly.
        parts: number of equal parts of the run; 1 keeps the rate constant.
        factor: factor after each part.
    """

    warm_up: float = 0.0
    parts: int = 1
    factor: float = 0.1

    def rate(self, step: int, steps: int) -> float:
        """Learning rate of a step.

        Args:
            step: number of the step, from 0.
            steps: number of steps of all epochs together.

        >>> schedule = SteppedSchedule(3, 1.0, parts=3)
        >>> [round(schedule.rate(step, 6), 3) for step in range(6)]
        [1.0, 1.0, 0.1, 0.1, 0.01, 0.01]
        """
        rising = self.warm_up * steps
        if step < rising:
            return self.learning_rate * (step + 1) / (rising + 1)
        passed = min(self.parts - 1, self.parts * step // max(1, steps))
        return self.learning_rate * self.factor**passed
