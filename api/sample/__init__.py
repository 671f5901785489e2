"""The sample county: synthetic land and people, made from a seed, labelled 合成数据 where shown."""

from api.sample.county import SampleCounty, build_county
from api.sample.load import load_sample

__all__ = ["SampleCounty", "build_county", "load_sample"]
