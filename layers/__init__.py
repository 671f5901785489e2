"""What lives in PostGIS, and how it is drawn; makes statements and pictures, opens nothing."""
