# shellcheck shell=sh
# Where MPI programs run: all vnodes that have joined
export HYDRA_HOST_FILE=/home/hosts
export OMPI_MCA_orte_default_hostfile=/home/hosts
# Everybody is root here
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
