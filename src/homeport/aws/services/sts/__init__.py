"""STS: who somebody is, and keys that last for an hour."""

from homeport.aws.service import Service
from homeport.aws.services.sts.operations import OPERATIONS
from homeport.aws.services.sts.room import Sts, open_sts

SERVICE: Service[Sts] = Service(name="sts", operations=OPERATIONS, open=open_sts)
