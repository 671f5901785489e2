"""The sample county: synthetic land and people, made from a seed, labelled 合成数据 where shown."""

from api.sample.county import SampleCounty, build_county

__all__ = ["SampleCounty", "build_county"]
